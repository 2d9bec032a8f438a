/** NAT decisions of `nat.ts`, `route-chains.ts` and `published-ports.ts`, for the next run to compare with its own. */
import { type Subnet, mergeSubnets } from '../../address/cidr.ts';
import type { NatDecisions } from '../../kinds/flows/nat-decisions.ts';
import { uniqueFlows } from '../../kinds/flows/schema.ts';
import { type Redirect, byFamily, isMember, isNode, joined, steeredSubnets, subnetsOf } from '../redirect.ts';
import { natRules } from './nat.ts';
import { directByRoutes } from './route-chains.ts';

export function natDecisions(redirects: readonly Redirect[], bypassBit: number): NatDecisions {
  const groups = byFamily(redirects);
  return {
    bySource: bySource([
      ...natRules(redirects, bypassBit),
      // Connections of a network that becomes blocked end, instead of hanging until it is open again.
      ...redirects.map((redirect) => ({
        decision: 'sent to a gateway',
        from: redirect.steer ? steeredSubnets(redirect) : [],
      })),
      ...groups.flatMap((group) =>
        directByRoutes(group.family, group.redirects).map(({ from, rules }) => ({
          decision: `routes: ${rules.join(', ')}`,
          from,
        })),
      ),
    ]),
    direct: directFlows(redirects),
    published: Object.fromEntries(
      redirects
        .filter(isMember)
        .flatMap(({ published }) => published.map(({ rule, to }) => [rule, to] as const)),
    ),
    local: mergeSubnets(subnetsOf(redirects.filter(isNode))),
    redirected: mergeSubnets(subnetsOf(redirects)),
  };
}

function bySource(
  decided: readonly { readonly decision: string; readonly from: readonly Subnet[] }[],
): NatDecisions['bySource'] {
  const found = new Map<string, (readonly Subnet[])[]>();
  for (const { decision, from } of decided) {
    const known = found.get(decision);
    if (known) known.push(from);
    else found.set(decision, [from]);
  }
  return Object.fromEntries([...found].map(([decision, lists]) => [decision, mergeSubnets(joined(lists))]));
}

function directFlows(redirects: readonly Redirect[]): NatDecisions['direct'] {
  return uniqueFlows(
    redirects
      .filter(isNode)
      .flatMap(({ subnets, direct }) => subnets.flatMap((from) => direct.map((to) => ({ from, to })))),
  );
}
