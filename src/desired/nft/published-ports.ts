/** Published ports of a gateway: DNAT from its uplink to a container; the client's source address stays. */
import { word } from './word.ts';
import { type Family, familyOf } from '../../address/cidr.ts';
import type { MemberGateway } from '../../topology/role.ts';
import { type Redirect, type DesiredObject, byFamily } from '../redirect.ts';
import { isRedirected } from './subnet-sets.ts';

/** before other DNAT chains (dstnat, -100): the first NAT decision is final */
const beforeDstnat = -101;

/** Replies need no rule: they leave by the uplink like all other packets, and conntrack gives them its address. */
export function publishedRules(
  { uplink, snat, publish = [] }: MemberGateway,
  family: Family,
): NonNullable<Redirect['published']> {
  const ip = word(family);
  const address = typeof snat === 'object' ? snat.find((one) => familyOf(one) === family) : undefined;
  // With `snat: ADDRESS`, the port is published on that address, else on the host's own. Forwarded packets are not for us.
  const here =
    address === undefined ? `meta nfproto ipv${family} fib daddr type local` : `${ip} daddr ${address}`;
  return publish
    .filter(({ to }) => familyOf(to) === family)
    .map(({ port, proto, to, toPort }) => {
      const target = family === 4 ? `${to}:${toPort}` : `[${to}]:${toPort}`;
      return {
        rule: `iifname "${uplink.device}" ${here} ${proto} dport ${port} dnat ${ip} to ${target}`,
        why: `forward ${proto} ${port} on ${uplink.device} to ${target}`,
      };
    });
}

/**
 * Packets of the containers themselves are exempt, also where the uplink is the link to their nodes: their queries reach a name
 * server on the gateway.
 */
export function publishedChain(redirects: readonly Redirect[]): DesiredObject[] {
  const ports = redirects.flatMap(({ published = [] }) => published);
  const own = byFamily(redirects).flatMap(({ family, redirects: some }) =>
    some.some(({ published = [] }) => published.length > 0)
      ? isRedirected(family, 'source', some).map((source) => `${source} return`)
      : [],
  );
  if (ports.length === 0) return [];
  return [
    {
      object: {
        kind: 'nft-chain',
        name: 'published',
        hook: { type: 'nat', hook: 'prerouting', priority: beforeDstnat },
        rules: [...own, ...ports.map(({ rule }) => rule)],
      },
      why: ports.map(({ why }) => why).join(', '),
    },
  ];
}
