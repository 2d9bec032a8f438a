/** Whose flow it is: which networks of which logged gateways. Pure. */
import { type Range, rangeOf } from '../../address/range.ts';
import type { Address } from '../../address/cidr.ts';
import type { FlowTuple } from '../../host/conntrack/tracked-flow.ts';
import type { MemberGateway } from '../../topology/role.ts';

export interface Owner {
  readonly gateway: string;
  readonly network: string;
  readonly node: string;
}

type Gateways = readonly Pick<MemberGateway, 'name' | 'served' | 'flowLog'>[];

interface Entry {
  readonly range: Range;
  readonly owners: Owner[];
}

/** Addresses whose owners are remembered: a container has many flows. */
const remembered = 10_000;

/**
 * Finds the owners of a flow by the address of the container: the source of a flow that it has begun, or, behind a published
 * port, the one that replies. One for each gateway with a flow log that serves the subnet here; none: not a flow of ours.
 */
export function ownerFinder(
  gateways: Gateways,
): (flow: { readonly original: FlowTuple; readonly reply: FlowTuple }) => readonly Owner[] {
  const entries = entriesOf(gateways);
  const known = new Map<Address, readonly Owner[]>();
  const ownersOf = (address: Address): readonly Owner[] => {
    const found = known.get(address) ?? entryOf(entries, address)?.owners ?? [];
    if (known.size >= remembered) known.clear();
    known.set(address, found);
    return found;
  };
  return ({ original, reply }) => {
    const owners = ownersOf(original.source);
    return owners.length > 0 ? owners : ownersOf(reply.source);
  };
}

/** Subnets of a file do not overlap, so that they are sorted by their first addresses. */
function entriesOf(gateways: Gateways): Readonly<Record<4 | 6, readonly Entry[]>> {
  const bySubnet = new Map<string, Owner[]>();
  for (const { name, served, flowLog } of gateways) {
    if (!flowLog) continue;
    for (const { subnet, network, node } of served) {
      const owners = bySubnet.get(subnet) ?? [];
      owners.push({ gateway: name, network, node });
      bySubnet.set(subnet, owners);
    }
  }
  const entries = [...bySubnet].map(([subnet, owners]): Entry => ({ range: rangeOf(subnet), owners }));
  entries.sort((a, b) => (a.range.start < b.range.start ? -1 : 1));
  const ofVersion = (version: 4 | 6): Entry[] => entries.filter(({ range }) => range.version === version);
  return { 4: ofVersion(4), 6: ofVersion(6) };
}

function entryOf(entries: ReturnType<typeof entriesOf>, address: Address): Entry | undefined {
  const { version, start } = rangeOf(address);
  const sorted = entries[version];
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = sorted[middle]?.range;
    if (range && range.start <= start) low = middle + 1;
    else high = middle;
  }
  const entry = sorted[low - 1];
  return entry && start <= entry.range.end ? entry : undefined;
}
