/** Use of source NAT for `/metrics`: counted when it is asked for, and seldom enough to cost little. */
import { type Address, families } from '../../address/cidr.ts';
import { addressOf } from '../../desired/addresses.ts';
import { type NatCount, countNat } from '../../host/conntrack/nat-entries.ts';
import type { Exec } from '../../host/ports.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { Emit } from '../event/agent-event.ts';
import type { NatUsage, NatUse } from './snapshot.ts';

/** An address that a gateway's source NAT uses. */
export interface EgressAddress {
  readonly gateway: string;
  readonly address: Address;
}

/** Egress addresses of the gateways of which this host is a member. Pure. */
export function egressAddresses(
  { gateways }: Pick<HostRole, 'gateways'>,
  { links }: Pick<Facts, 'links'>,
): EgressAddress[] {
  return gateways.flatMap(({ name, snat, uplink }) => {
    if (snat === 'none') return [];
    const ofDevice = links.find((link) => link.name === uplink.device)?.addresses ?? [];
    const addresses = snat === 'masquerade' ? ofDevice.map(addressOf) : snat;
    return addresses
      .filter((address) => !address.startsWith('fe80:'))
      .map((address) => ({ gateway: name, address }));
  });
}

/** milliseconds between two counts: the least, and as a multiple of the time that the last one took */
const [leastPause, pauseFactor] = [10_000, 20];
/** milliseconds that a scrape waits for the first count */
const firstWait = 1500;

export interface NatPorts {
  readonly exec: Exec;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** seconds since 1970 */
  readonly time: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly emit: Emit;
}

/** @returns a function that gives the last count, and begins another one where that is due */
export function createNatUsage(
  ports: NatPorts,
): (egress: readonly EgressAddress[]) => Promise<NatUsage | undefined> {
  let last: NatUsage | undefined;
  let next = -Infinity;
  let running: Promise<void> | undefined;
  let failed = '';
  const count = async (egress: readonly EgressAddress[]): Promise<void> => {
    const begin = ports.now();
    try {
      last = { time: ports.time(), uses: await countUses(ports.exec, egress) };
      failed = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== failed) ports.emit({ kind: 'api', text: `source NAT is not counted: ${message}` });
      [last, failed] = [undefined, message];
    }
    const took = ports.now() - begin;
    next = ports.now() + Math.max(leastPause, took * pauseFactor);
    running = undefined;
  };
  return async (egress) => {
    if (egress.length === 0) return undefined;
    if (!running && ports.now() >= next) running = count(egress);
    if (!last && running) await Promise.race([running, ports.pause(firstWait)]);
    return last;
  };
}

async function countUses(exec: Exec, egress: readonly EgressAddress[]): Promise<NatUse[]> {
  const addresses = [...new Set(egress.map(({ address }) => address))];
  const counts: NatCount[] = [];
  for (const family of families) counts.push(...(await countNat(exec, family, addresses)));
  return egress.flatMap(({ gateway, address }) => {
    const found = counts.filter((one) => one.address === address);
    // An address that is not used has 0, and is not absent: a rule can tell it from an agent that does not count.
    const unused = ['tcp', 'udp'].filter((protocol) => !found.some((one) => one.protocol === protocol));
    return [
      ...found.map((one) => ({ gateway, ...one })),
      ...unused.map((protocol) => ({ gateway, address, protocol, entries: 0, ports: 0, busiest: 0 })),
    ];
  });
}
