/**
 * NAT decisions of a host, by flows. Conntrack keeps a decision as long as its flow, and nft rules do not show which
 * flows they matched before: each run saves its decisions in the ledger, and the next run compares.
 */
import * as z from 'zod';
import { mergeSubnets } from '../../address/cidr.ts';
import { address, subnet } from '../fields.ts';
import type { Plain } from '../plain.ts';
import { flowsSchema, uniqueFlows } from './schema.ts';

const subnets = z.array(subnet);

export type NatDecisions = Plain<typeof natDecisionsSchema>;

export const natDecisionsSchema = z.object({
  /** a decision -> the subnets whose flows get it; two decisions are the same when their texts are */
  bySource: z.record(z.string(), subnets),
  /** flows that leave with the host's address: to a direct destination */
  direct: z.array(flowsSchema),
  /** the rule of a published port -> the container's address */
  published: z.record(z.string(), address),
  /** subnets with containers on this host */
  local: subnets,
  /** all redirected subnets: flows to them keep the container's address */
  redirected: subnets,
});

export const noDecisions: NatDecisions = {
  bySource: {},
  direct: [],
  published: {},
  local: [],
  redirected: [],
};

/** Merges the decisions of two states: while the table changes, a flow may get a decision of either. */
export function mergeDecisions(some: NatDecisions, others: NatDecisions): NatDecisions {
  const decisions = new Set([...Object.keys(some.bySource), ...Object.keys(others.bySource)]);
  const bySource = [...decisions].map((decision) => {
    const from = [...(some.bySource[decision] ?? []), ...(others.bySource[decision] ?? [])];
    return [decision, mergeSubnets(from)] as const;
  });
  return {
    bySource: Object.fromEntries(bySource),
    direct: uniqueFlows([...some.direct, ...others.direct]),
    published: { ...some.published, ...others.published },
    local: mergeSubnets([...some.local, ...others.local]),
    redirected: mergeSubnets([...some.redirected, ...others.redirected]),
  };
}
