/** Routes of the file as `ip rule`s. */
import type { Family } from '../../address/cidr.ts';
import { type Selector, selectorText } from '../../spec/route-order.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { preferences } from '../../kinds/ownership.ts';
import { type Redirect, type PolicyRoute, ingressOf } from '../redirect.ts';
import { type ReasonedRule, skipSteering } from './reasoned-rule.ts';

/** IP protocol numbers: ICMPv6 differs from ICMP. */
const protocols = {
  4: { icmp: 1, tcp: 6, udp: 17 },
  6: { icmp: 58, tcp: 6, udp: 17 },
} as const;

/**
 * More specific than the rule that steers the whole subnet. The reverse path filter follows them: they match addresses.
 */
export function routeRules(redirect: Redirect, unlessBypassed: Pick<Rule, 'fwmark'>): ReasonedRule[] {
  const { name, family, steer } = redirect;
  return (steer?.policyRoutes?.routes ?? []).map((route) => ({
    rule: {
      preference: preferences.direct + route.selector.rank,
      from: route.from,
      ...ingressOf(redirect),
      ...(route.table === undefined ? {} : unlessBypassed),
      ...selectorOf(route.selector, family),
      action: route.table === undefined ? skipSteering : { kind: 'lookup', table: route.table },
    },
    why: whyOf(name, route),
  }));
}

function selectorOf({ to, proto, ports }: Selector, family: Family): Pick<Rule, 'to' | 'protocol' | 'ports'> {
  return {
    ...(to === undefined ? {} : { to }),
    ...(proto === undefined ? {} : { protocol: protocols[family][proto] }),
    ...(ports ? { ports } : {}),
  };
}

function whyOf(name: string, { selector, table, outage }: PolicyRoute): string {
  if (outage !== undefined) return `${name} leaves directly: ${outage}`;
  const what = selectorText(selector);
  return table === undefined ? `${what} is direct for ${name}` : `${what} leaves by gateway ${selector.via}`;
}
