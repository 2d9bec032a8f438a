/** Checks the addresses inside tunnels that mustredirect makes, and what needs them: next hops, and source NAT. */
import {
  type Address,
  contains,
  familyOf,
  fullPrefixLength,
  isLinkLocal,
  prefixLength,
  withoutHostBits,
} from '../address/cidr.ts';
import { rangeOf } from '../address/range.ts';
import type { Check, CheckInput } from './check-context.ts';
import { needsOfGateways, orBlock } from './check-families.ts';
import type { DraftGateway } from './schema.ts';
import { type Path, type RangedProblem, problemAt } from './tree.ts';

type DraftUplink = NonNullable<NonNullable<DraftGateway['members']>[number]['uplink']>;

export const checkInner: Check = (input) =>
  Object.entries(input.draft.gateways ?? {}).flatMap(([gateway, { members = [], snat }]) =>
    members.flatMap(({ uplink }, i) => {
      if (!uplink || !(uplink.gre ?? uplink.ipip ?? uplink.wireguard)) return [];
      const path = ['gateways', gateway, 'members', i, 'uplink'];
      return [
        ...(uplink.addresses ?? []).flatMap((prefix, j) =>
          checkPrefix(input, prefix, [...path, 'addresses', j]),
        ),
        ...checkNextHops(input, uplink, path),
        ...(snat === undefined || snat === 'masquerade' ? checkMasquerade(input, gateway, uplink, path) : []),
      ];
    }),
  );

/** The first and the last address of an IPv4 network are no addresses of a host, unless it has only two. */
function checkPrefix({ valuePosition }: CheckInput, prefix: string, path: Path): RangedProblem[] {
  const [address = ''] = prefix.split('/');
  const family = familyOf(address);
  const network = withoutHostBits(prefix);
  if (fullPrefixLength(family) - prefixLength(network) < 2) return [];
  const isFirst = network === prefix;
  const isLast = family === 4 && rangeOf(network).end === rangeOf(address).end;
  if (!isFirst && !isLast) return [];
  const what = isFirst ? 'the address of the network itself' : 'the broadcast address of the network';
  return [
    problemAt(valuePosition(path), `${address} is ${what} ${network}`, 'write an address of a host in it'),
  ];
}

/** The kernel refuses a next hop that no address of the tunnel leads to. */
function checkNextHops(
  { valuePosition }: CheckInput,
  { device = 'the tunnel', via = [], routing, addresses = [] }: DraftUplink,
  path: Path,
): RangedProblem[] {
  const { neighbor = [] } = routing ?? {};
  const given: readonly (readonly [key: Path, addresses: readonly Address[]])[] = [
    [['via'], via],
    [['routing', 'neighbor'], neighbor],
  ];
  return given.flatMap(([key, hops]) =>
    hops.flatMap((hop, i) => {
      if (isLinkLocal(hop) || addresses.some((prefix) => contains(withoutHostBits(prefix), hop))) return [];
      const message = `${hop} is in no network of ${device}, by its addresses`;
      const hint =
        'write the address of the far end inside the tunnel, or an address with its network under addresses';
      return [problemAt(valuePosition([...path, ...key, i]), message, hint)];
    }),
  );
}

/** The kernel would take an address of another device, which the far end does not know. */
function checkMasquerade(
  { draft, openSubnets, valuePosition }: CheckInput,
  gateway: string,
  { device = 'the tunnel', addresses = [] }: DraftUplink,
  path: Path,
): RangedProblem[] {
  const needs = needsOfGateways(draft, openSubnets).get(gateway) ?? [];
  return needs
    .filter(({ family }) => !addresses.some((prefix) => familyOf(prefix.split('/')[0] ?? '') === family))
    .map(({ family, network }) => {
      const message = `${device} has no IPv${family} address, which masquerade needs for ${network}`;
      const hint = `add one: \`addresses: [${family === 4 ? '172.31.0.1/30' : "'2001:db8:31::1/64'"}]\`, or write \`snat:\` with none or an address${orBlock(draft, network, family)}`;
      return { ...problemAt(valuePosition(path), message, hint), mayFollow: true as const };
    });
}
