/** Packets of containers that the isp gets, and connections that have changed their member. */
import { network } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Connections } from './connections.ts';

/**
 * Packets of containers to the outside that the isp gets, while something happens: `10.89.4.2 > 203.0.113.20`.
 *
 * @param targets what the agent pings. Its pings are packets of the node: without our nftables table, the engine gives
 *   them the node's own address, with which a member does not know them.
 */
export async function leaksDuring(
  world: World,
  targets: readonly string[],
  work: () => Promise<void>,
): Promise<string[]> {
  const mac = (await world.hosts.isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const flows = `net 203.0.113.0/24 or net 2001:db8:113::/48 or net ${network.subnet} or net ${network.subnet6}`;
  const capture = await world.capture('isp', 'eth0', `ether dst ${mac} and (${flows})`);
  await work();
  const packets = await capture.stop();
  const leaks = packets.filter(({ destination }) => !targets.includes(destination));
  return [...new Set(leaks.map((packet) => `${packet.source} > ${packet.destination}`))];
}

/** Connections that have changed their member, or were ended. */
export function movedBetween(then: Connections, now: Connections): string[] {
  return Object.keys(then).filter((key) => {
    const [a, b] = [then[key], now[key]];
    return a?.seen !== b?.seen || a?.changes !== b?.changes || a?.ended !== b?.ended;
  });
}

export const dropping = (match: string): string =>
  `nft "add table inet f; add chain inet f c { type filter hook prerouting priority -400; }; add rule inet f c ${match} drop"`;
