/** Routes as `ip rule`s, and the names of what the guard knows about them. */
import type { Family } from '../../address/cidr.ts';
import { type Selector, selectorText } from '../../spec/route-order.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { preferences } from '../../kinds/ownership.ts';
import { type Redirect, type PolicyRoute, ingressOf } from '../redirect.ts';

/** Of IPv6, ICMP is another protocol. */
const protocols = {
  4: { icmp: 1, tcp: 6, udp: 17 },
  6: { icmp: 58, tcp: 6, udp: 17 },
} as const;

/** Before the rule that steers all of the subnet; by addresses, so that the reverse path filter sees them too. */
export function routeRules(
  redirect: Redirect,
  unlessBypassed: Pick<Rule, 'fwmark'>,
): {
  readonly rule: Omit<Rule, 'kind' | 'family'>;
  readonly why: string;
}[] {
  const { name, family, routed } = redirect;
  return (routed?.ways ?? []).map((way) => ({
    rule: {
      preference: preferences.direct + way.selector.rank,
      from: way.from,
      ...ingressOf(redirect),
      ...(way.table === undefined ? {} : unlessBypassed),
      ...selectorOf(way.selector, family),
      action:
        way.table === undefined
          ? { kind: 'goto', preference: preferences.end }
          : { kind: 'lookup', table: way.table },
    },
    why: whyOf(name, way),
  }));
}

function selectorOf({ to, proto, ports }: Selector, family: Family): Pick<Rule, 'to' | 'protocol' | 'ports'> {
  return {
    ...(to === undefined ? {} : { to }),
    ...(proto === undefined ? {} : { protocol: protocols[family][proto] }),
    ...(ports ? { ports } : {}),
  };
}

function whyOf(name: string, { selector, table }: PolicyRoute): string {
  const what = selectorText(selector);
  return table === undefined ? `${what} is direct for ${name}` : `${what} leaves by gateway ${selector.via}`;
}
