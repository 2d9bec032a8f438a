/** The recipe by hand: for each network one mark, one rule of iptables and two of `ip`, on node and gateway. */
import { addresses } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type Networks, type Placed, placedNetworks } from './networks.ts';

const table = 0x888;

/** Loaded at once: what is measured with it is what a packet costs, not how it came to be. */
export async function byHandOnNode({ hosts: { node1 } }: World, networks: Networks): Promise<void> {
  const placed = placedNetworks(networks).filter(({ node }) => node === 'node1');
  const mark = (index: number) => table + index;
  const marks = placed.map(
    ({ subnet }, index) => `-A PREROUTING -s ${subnet} -j MARK --set-mark ${mark(index)}`,
  );
  await node1.run(['iptables-restore', '--noflush'], { input: lines(['*raw', ...marks, 'COMMIT']) });
  await node1.run(['ip', '-batch', '-'], {
    input: lines([
      `route add default via ${addresses.gw1} table ${table}`,
      ...placed.map((_, index) => `rule add fwmark ${mark(index)} lookup ${table}`),
    ]),
  });
}

export async function byHandOnGateway({ hosts: { gw1 } }: World, networks: Networks): Promise<void> {
  await gw1.run(['sh', '-ec', onceOnGateway.join('\n')]);
  await gw1.run(['ip', '-batch', '-'], { input: lines(placedNetworks(networks).flatMap(onGateway)) });
}

/** The same as a person would write it: one command after the other. */
export function gatewayScript(placed: readonly Placed[]): string {
  return lines([...onceOnGateway, ...placed.flatMap(onGateway).map((command) => `ip ${command}`)]);
}

const onceOnGateway = [
  'sysctl -qw net.ipv4.ip_forward=1',
  `ip route add default via ${addresses.upstream} dev uplink0 table ${table}`,
  'iptables -t nat -A POSTROUTING -o uplink0 -j MASQUERADE',
];

function onGateway({ subnet, nodeAddress }: Placed): string[] {
  return [`route add ${subnet} via ${nodeAddress}`, `rule add from ${subnet} lookup ${table}`];
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}
