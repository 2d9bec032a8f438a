/** Nodes that send packets here: without our objects, these would leave by this host's own routes. */
import { type Subnet, overlaps } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import { knownFlows } from '../host/conntrack/list.ts';
import { readNftTable } from '../host/nft/read.ts';
import type { Exec, Host } from '../host/ports.ts';
import { readOwned } from '../inspect/gather.ts';
import { closedCounters } from '../plan/closing.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { returnRoutes } from '../kinds/route/return-routes.ts';
import type { HostRole } from '../topology/role.ts';
import { type Applied, appliedNow, readHistory } from './history.ts';
import type { Pause } from './pause.ts';

export interface Sender {
  /** name for messages: `node1 (network web, 10.89.4.0/24)` */
  readonly name: string;
  readonly subnet: Subnet;
}

/** milliseconds: a node that sends nothing in this time counts as stopped */
const lookTime = 1000;

export function sendersOf({ gateways }: Pick<HostRole, 'gateways'>): Sender[] {
  const served = gateways.flatMap((gateway) => gateway.served);
  const named = served.map(({ node, network, subnet }) => ({
    name: `${node} (network ${network}, ${subnet})`,
    subnet,
  }));
  return [...new Map(named.map((sender) => [sender.name, sender])).values()];
}

/** Senders by existing return routes, when the applied file is unknown. */
export function sendersByRoutes(owned: readonly HostObject[]): Sender[] {
  return returnRoutes(owned).map(({ subnet, via }) => ({ name: `${via} (${subnet})`, subnet }));
}

/**
 * Senders by the applied file; if it cannot be read, by existing return routes.
 *
 * @param roleOf role of this host in a file; may throw
 */
export async function findSenders(
  host: Host,
  history: string,
  roleOf: (applied: Applied) => HostRole,
): Promise<readonly Sender[]> {
  try {
    const applied = appliedNow(await readHistory(host.files, history));
    if (applied) return sendersOf(roleOf(applied));
  } catch {
    // A damaged history or file does not stop `destroy`: the routes tell the senders.
  }
  return sendersByRoutes(await readOwned(host));
}

/** Senders with current conntrack entries; all senders when conntrack cannot be queried. */
export async function recentSenders(exec: Exec, senders: readonly Sender[]): Promise<readonly Sender[]> {
  if (senders.length === 0) return [];
  try {
    const known = await knownFlows(
      exec,
      senders.map(({ subnet }) => ({ from: subnet })),
    );
    return senders.filter(({ subnet }) => known.some(({ from }) => from === subnet));
  } catch {
    return senders;
  }
}

/** Throws when one of them still sends packets, which are then kept blocked. */
export async function checkStopped(
  exec: Exec,
  flows: readonly Flows[],
  senders: readonly Sender[],
  pause: Pause,
): Promise<void> {
  if (senders.length === 0) return;
  const before = await countClosed(exec, flows);
  await pause(lookTime);
  const after = await countClosed(exec, flows);
  const sent = [...after].filter(([closed, packets]) => packets > (before.get(closed) ?? 0));
  const sending = senders.filter(({ subnet }) => sent.some(([closed]) => overlaps(closed, subnet)));
  if (sending.length === 0) return;
  const names = sending.map(({ name }) => name).join(', ');
  throw new MustredirectError('failed', `still sent here, and blocked from now on: packets of ${names}`, {
    hint: stoppingHint,
  });
}

export const stoppingHint =
  'run `mustredirect destroy` there, or give the network another gateway, and then here once more; `mustredirect destroy --force` lets them out by the routes of this host';

/** Number of blocked packets of each subnet. */
async function countClosed(exec: Exec, flows: readonly Flows[]): Promise<ReadonlyMap<Subnet, number>> {
  const { counters } = await readNftTable(exec);
  const packets = new Map(counters.map((counter) => [`${counter.set} ${counter.element}`, counter.packets]));
  return new Map(
    closedCounters(flows).map(({ set, element, subnet }) => [subnet, packets.get(`${set} ${element}`) ?? 0]),
  );
}
