/** Nodes that send here: without anything of ours, what they send would leave by this host's own routes. */
import { type Subnet, contains, longSubnet, overlaps } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import { knownFlows } from '../host/conntrack/list.ts';
import { readNftTable } from '../host/nft/read.ts';
import type { Exec, Host } from '../host/ports.ts';
import { readOwned } from '../inspect/gather.ts';
import { isClosing } from '../plan/closing.ts';
import type { HostObject } from '../kinds/index.ts';
import { subnetOfElement } from '../kinds/nft-table/set-name.ts';
import { mainTable } from '../kinds/ownership.ts';
import type { HostRole } from '../topology/role.ts';
import { type Applied, appliedNow, readHistory } from './history.ts';
import type { Pause } from './pause.ts';

export interface Sender {
  /** for a reader: `node1 (network web, 10.89.4.0/24)` */
  readonly name: string;
  readonly subnet: Subnet;
}

/** milliseconds: whoever sends nothing meanwhile is taken for one who has stopped */
const lookTime = 1000;

export function sendersOf({ gateways }: Pick<HostRole, 'gateways'>): Sender[] {
  const served = gateways.flatMap((gateway) => gateway.served);
  const named = served.map(({ node, network, subnet }) => ({
    name: `${node} (network ${network}, ${subnet})`,
    subnet,
  }));
  return [...new Map(named.map((sender) => [sender.name, sender])).values()];
}

/** Where nobody knows any more what was applied: the ways back that are there. */
export function sendersByRoutes(owned: readonly HostObject[]): Sender[] {
  return owned.flatMap((object) =>
    object.kind === 'route' &&
    object.table === mainTable &&
    object.target.kind === 'unicast' &&
    object.target.via !== undefined
      ? [{ name: `${object.target.via} (${object.destination})`, subnet: longSubnet(object.destination) }]
      : [],
  );
}

/**
 * By the file that was applied; without one that can be read, by the routes that are there.
 *
 * @param roleOf what this host is by such a file; it may throw
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

/** Those that have sent lately; all of them when nobody can tell. */
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

/** Rejects when any of them goes on sending while it is closed: then it stays so. */
export async function checkStopped(exec: Exec, senders: readonly Sender[], pause: Pause): Promise<void> {
  if (senders.length === 0) return;
  const before = await countClosed(exec);
  await pause(lookTime);
  const after = await countClosed(exec);
  const sent = [...after].filter(([element, packets]) => packets > (before.get(element) ?? 0));
  const still = senders.filter(({ subnet }) =>
    sent.some(([element]) => overlaps(element, subnet) || contains(element, subnet)),
  );
  if (still.length === 0) return;
  const names = still.map(({ name }) => name).join(', ');
  throw new MustredirectError('failed', `still sent here, and blocked from now on: packets of ${names}`, {
    hint: stoppingHint,
  });
}

export const stoppingHint =
  'run `mustredirect destroy` there, or give the network another gateway, and then here once more; `mustredirect destroy --force` lets them out by the routes of this host';

/** Packets of each subnet that is closed. */
async function countClosed(exec: Exec): Promise<ReadonlyMap<Subnet, number>> {
  const { objects, counters } = await readNftTable(exec);
  const closing = new Set(objects.filter(isClosing).map(({ name }) => name));
  return new Map(
    counters
      .filter(({ set, element }) => closing.has(set) && !element.includes(' . '))
      .map(({ set, element, packets }) => [subnetOfElement(set, element), packets]),
  );
}
