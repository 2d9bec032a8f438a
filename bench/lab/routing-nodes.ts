/**
 * Many nodes that announce their subnets by BGP to one member, which hands them on to its upstream router. All nodes are
 * one program, the upstream router is a BIRD, and the member is what mustredirect makes it.
 */
import { join } from 'node:path';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { addresses } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { privateAs } from '../../src/desired/bird/lan-bgp.ts';
import { usualBgpPort } from '../../src/spec/routing-fields.ts';
import type { Context } from '../parts/part.ts';
import { startBird } from '../../tests/live/routing/bird.ts';

const member = '172.20.0.2';
/** Addresses of nodes begin at 172.20.1.1, with 250 of each 256. */
const each = 250;

function nodeAddress(i: number): string {
  return `172.20.${1 + Math.floor(i / each)}.${1 + (i % each)}`;
}

/** Every second /24 of 10.0.0.0/8: no two of them are one larger subnet. */
function subnetOf(i: number): string {
  return `10.${Math.floor(i / 128)}.${2 * (i % 128)}.0/24`;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export function routedFile(count: number): string {
  const nodes = numbers(count);
  return `version: 1
hosts:
  gw1: ${member}
${nodes.map((i) => `  node${i}: ${nodeAddress(i)}\n`).join('')}networks:
  web:
    engine: external
    subnets:
${nodes.map((i) => `      node${i}: ${subnetOf(i)}\n`).join('')}    via: office
gateways:
  office:
    members:
      - host: gw1
        uplink:
          device: uplink0
          routing: { protocol: bgp, as: 65001, neighbor: ${addresses.upstream}, peer_as: 64496 }
    snat: none
    routing: { protocol: bgp }
`;
}

/** Addresses of member and nodes on the LAN, and the upstream router. */
export async function prepareRouting({ hosts }: World, count: number): Promise<void> {
  const add = (address: string): string => `address add ${address}/16 dev eth0\n`;
  const batch = ['ip', '-batch', '-'];
  await hosts.gw1.run(batch, { input: add(member) });
  await hosts.node1.run(batch, { input: numbers(count).map(nodeAddress).map(add).join('') });
  // Members accept packets of neighbours only.
  await hosts.node1.run(['sysctl', '-qw', 'net.ipv4.ip_default_ttl=255']);
  await startBird(hosts.upstream, upstreamConfig);
}

const upstreamConfig = `router id 9.9.9.9;
protocol device { }
protocol static { ipv4; route 0.0.0.0/0 unreachable; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
protocol bgp gateway_member {
  local ${addresses.upstream} as 64496;
  neighbor ${addresses.uplink} as 65001;
  passive;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;

/** Starts all nodes at once, as one program: a BIRD has one session with a neighbour, whatever its own address. */
export async function startNodes(
  { hosts: { node1 } }: World,
  { root, node }: Pick<Context, 'root' | 'node'>,
  count: number,
): Promise<Running> {
  const nodes = numbers(count).map((i) => ({ address: nodeAddress(i), subnet: subnetOf(i) }));
  const all = JSON.stringify({ member, port: usualBgpPort, as: privateAs, nodes });
  return node1.background.start(endingWithStdin([node, join(root, 'bench/lab/bgp-nodes.js'), all]));
}
