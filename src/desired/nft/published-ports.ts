/** Published ports of a gateway: DNAT from its uplink to a container; the client's source address stays. */
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import { type Family, familyOf } from '../../address/cidr.ts';
import type { MemberGateway } from '../../topology/role.ts';
import { type MemberRedirect, type Redirect, type DesiredObject, byFamily, isMember } from '../redirect.ts';
import { isRedirected } from './subnet-sets.ts';

/** before other DNAT chains (dstnat, -100): the first NAT decision is final */
export const beforeDstnat = -101;

/** Replies need no rule: they leave by the uplink like all other packets, and conntrack gives them its address. */
export function publishedRules(
  { uplink, snat, publish = [] }: MemberGateway,
  family: Family,
): MemberRedirect['published'] {
  const ip = ipKeyword(family);
  const address = typeof snat === 'object' ? snat.find((one) => familyOf(one) === family) : undefined;
  // With `snat: ADDRESS`, the port is published on that address, else on this host's addresses.
  const here =
    address === undefined ? `meta nfproto ipv${family} fib daddr type local` : `${ip} daddr ${address}`;
  return publish
    .filter(({ to }) => familyOf(to) === family)
    .map(({ port, proto, to, toPort }) => {
      const target = family === 4 ? `${to}:${toPort}` : `[${to}]:${toPort}`;
      return {
        to,
        rule: `iifname "${uplink.device}" ${here} ${proto} dport ${port} dnat ${ip} to ${target}`,
        why: `forward ${proto} ${port} on ${uplink.device} to ${target}`,
      };
    });
}

/** The uplink may also be the link to the nodes: DNS queries of containers must reach a name server on the gateway. */
export function publishedChain(redirects: readonly Redirect[]): DesiredObject[] {
  const ports = portsOf(redirects);
  const own = byFamily(redirects).flatMap(({ family, redirects: some }) =>
    portsOf(some).length > 0 ? isRedirected(family, 'source', some).map((source) => `${source} return`) : [],
  );
  if (ports.length === 0) return [];
  const rules = [...own, ...ports.map(({ rule }) => rule)];
  const hook = { type: 'nat', hook: 'prerouting', priority: beforeDstnat } as const;
  return [chain('published', rules, ports.map(({ why }) => why).join(', '), hook)];
}

function portsOf(redirects: readonly Redirect[]): MemberRedirect['published'] {
  return redirects.filter(isMember).flatMap(({ published }) => published);
}
