/** Next hop of a probe packet where connections are spread over members: its source and target decide. */
import type { Address, Subnet } from '../../address/cidr.ts';
import { linkTowards } from '../../desired/routing/neighbours.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import { memberOf } from '../../topology/spread.ts';

interface Probed {
  readonly gateway: string;
  readonly source: Address;
  readonly subnet: Subnet;
  readonly outer: { readonly device: string };
}

/** @returns nothing to change where one member has all packets; `reason`: the target is for another link */
export function memberHop(
  role: HostRole,
  facts: Facts,
  { gateway, source, subnet, outer }: Probed,
  target: Address,
): { readonly outer?: { readonly device: string; readonly nextHop: Address } } | { readonly reason: string } {
  // This host as a member sends packets out of its uplink.
  const isNode = role.networks.some((network) => network.subnets.includes(subnet));
  const member = isNode ? memberOf(role, gateway, [source, target], facts.verdicts) : undefined;
  if (!member) return {};
  const link = linkTowards(member.address, facts, [subnet]);
  return link?.name === outer.device
    ? { outer: { device: link.name, nextHop: member.address } }
    : { reason: `member ${member.host} is on another link` };
}
