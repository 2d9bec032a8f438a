/** A lab whose node1 is a virtual machine: on the LAN with the gateway and the isp, and on another link with the isp. */
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { runOrFail } from '../../src/host/process/exec.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { createTestWorld } from '../live/test-world.ts';

export const families = [4, 6] as const;

/** Links of the virtual machine; `tap` is the other end, in the network namespace of the switch. */
export const links = {
  lan0: { tap: 'vm-lan', mac: '52:54:00:00:00:10' },
  wan0: { tap: 'vm-wan', mac: '52:54:00:00:01:10' },
} as const;
export type Link = keyof typeof links;

/** Containers of the machine, with the last part of their addresses: see scripts/boot. */
export const senders = { restarted: 11, quadlet: 12, docker: 13 } as const;

export async function createNetwork(): Promise<World> {
  const world = await createTestWorld({ engine: 'external', families });
  try {
    await connectMachine(world);
    return world;
  } catch (error) {
    await world.down();
    throw error;
  }
}

/** Puts the virtual machine in the place of node1. */
async function connectMachine({ hosts }: World): Promise<void> {
  // Pids of other hosts are those of the machine: only the network namespace is entered.
  const batch = (pid: number, lines: readonly string[]) =>
    runOrFail(thisMachine().exec, inNetwork(pid, ['ip', '-batch', '-']), { input: `${lines.join('\n')}\n` });
  await batch(hosts.switch.pid, [
    'link delete node1',
    'link add wan type bridge',
    'link set wan up',
    `link add isp-wan type veth peer name wan0 netns ${hosts.isp.pid}`,
    'link set isp-wan master wan up',
    ...Object.entries(links).flatMap(([link, { tap }]) => [
      `tuntap add ${tap} mode tap`,
      `link set ${tap} master ${link.replace('0', '')} up`,
    ]),
  ]);
  await batch(hosts.isp.pid, [
    'address add 192.168.60.1/24 dev wan0',
    'address add 2001:db8:60::1/64 dev wan0',
    'link set wan0 up',
    ...internet(),
  ]);
  await batch(hosts.upstream.pid, internet());
}

function internet(): readonly string[] {
  return Object.values(senders).flatMap((last) => [
    `address add 203.0.113.${last}/32 dev lo`,
    `address add 2001:db8:113::${last}/128 dev lo`,
  ]);
}

export interface FileOptions {
  /** whether the network of docker is in the file; default: yes */
  readonly mail?: boolean;
  /** destination that the network of podman reaches directly */
  readonly direct?: string;
  /** whether node and gateway exchange routes; default: no */
  readonly bgp?: boolean;
}

/** File that redirects the networks of the machine. */
export function redirectFile({ mail = true, direct, bgp = false }: FileOptions = {}): string {
  const both = (host: 'node1' | 'gw1' | 'upstream'): string =>
    `[${families.map((family) => addressesOf(family)[host]).join(', ')}]`;
  return `version: 1

hosts:
  node1: ${both('node1')}
  gw1: ${both('gw1')}

networks:
  web:
    engine: podman
    subnets:
      node1: [10.89.4.0/24, '2001:db8:89:4::/64']
    via: office
${direct === undefined ? '' : `    direct: [${direct}]\n`}${mail ? mailNetwork : ''}
gateways:
  office:
    members:
      - host: gw1
        uplink: { device: uplink0, via: ${both('upstream')} }
    snat: masquerade
${bgp ? '    routing: { protocol: bgp }\n' : ''}`;
}

const mailNetwork = `  mail:
    engine: docker
    subnets:
      node1: [10.89.5.0/24, '2001:db8:89:5::/64']
    via: office
`;
