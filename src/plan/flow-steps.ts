/**
 * Flows that conntrack knows keep the NAT decision of their first packet: those that began before their
 * subnet was redirected would go to the gateway with the host's address. They are forgotten, and decided
 * again at their next packet.
 */
import { type Family, type Subnet, excludeSubnets, familyOf, mergeSubnets } from '../address/cidr.ts';
import type { Wanted } from '../desired/desired.ts';
import type { NftSet } from '../state/objects.ts';
import type { NftObject } from './nft-text.ts';
import type { Step } from './step.ts';

export interface FlowSteps {
  readonly begun: readonly Step[];
  readonly ended: readonly Step[];
}

export function forgetSteps(actual: readonly NftObject[], wanted: readonly Wanted[]): FlowSteps {
  const before = translated(actual);
  const after = translated(
    wanted.map(({ object }) => object).filter((o): o is NftObject => o.kind.startsWith('nft-')),
  );
  return {
    begun: forget(missingIn(after, before), 'flows from here that began before keep an old source address'),
    ended: forget(missingIn(before, after), 'flows from here are the host’s own again'),
  };
}

/** Which subnets get which NAT decision: `snat ip to ip saddr` -> 10.89.4.0/24. */
function translated(objects: readonly NftObject[]): Map<string, Subnet[]> {
  const sets = new Map(objects.flatMap((o) => (o.kind === 'nft-set' ? [[o.name, o] as const] : [])));
  const rules = objects.flatMap((o) => (o.kind === 'nft-chain' && o.name === 'postrouting' ? o.rules : []));
  return new Map(
    rules.map((rule) => {
      const name = /^ip saddr @(\S+)/.exec(rule)?.[1] ?? '';
      return [rule, subnetsOf(sets.get(name))] as const;
    }),
  );
}

function subnetsOf(set: NftSet | undefined): Subnet[] {
  return (set?.elements ?? []).map((element) => (element.includes('/') ? element : `${element}/32`));
}

/** By address, not by subnet: one that is merged with a new neighbour has nothing to forget. */
function missingIn(
  some: ReadonlyMap<string, readonly Subnet[]>,
  others: ReadonlyMap<string, readonly Subnet[]>,
): Subnet[] {
  return mergeSubnets(
    [...some].flatMap(([rule, subnets]) => excludeSubnets(subnets, others.get(rule) ?? [])),
  );
}

function forget(subnets: readonly Subnet[], why: string): Step[] {
  return ([4, 6] as const satisfies readonly Family[]).flatMap((family): Step[] => {
    const ofFamily = subnets.filter((subnet) => familyOf(subnet) === family);
    if (ofFamily.length === 0) return [];
    const lines = ofFamily.map(
      (subnet) => ({ sign: '~', text: `conntrack: forget flows from ${subnet}`, why }) as const,
    );
    return [{ do: { kind: 'forget-flows', subnets: ofFamily }, lines }];
  });
}
