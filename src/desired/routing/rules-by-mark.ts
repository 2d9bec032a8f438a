/** Rules by the mark of a gateway, which the nft table finds in a map: they do not grow with the subnets. */
import type { Family } from '../../address/cidr.ts';
import { preferences } from '../../kinds/ownership.ts';
import { type Numbers, hostErrorBits } from '../allocate/numbers.ts';
import { type Redirect, isLocal } from '../redirect.ts';
import { routeRules } from './route-rules.ts';
import { type Ruling, ofLinks, onwards, ruling, theEnd } from './ruling.ts';
import { linksBack, marksOf } from './steering-kind.ts';

/**
 * As many as there are gateways, however many subnets they have. What goes to a redirected subnet has no gateway's mark, and
 * so goes by main; there, a route closes it when its bridge is not there.
 */
export function rulesByMark(family: Family, redirects: readonly Redirect[], numbers: Numbers): Ruling[] {
  const { mask, gateways } = marksOf(redirects, numbers);
  const { ownerBit = 0, bypassBit = 0 } = numbers;
  const steered = { value: ownerBit, mask: ownerBit };
  return [
    ...gateways.flatMap((gateway) => hostErrorRules(gateway, mask, numbers)),
    ...(redirects.some(isLocal)
      ? [
          ruling(
            {
              preference: preferences.bypass,
              fwmark: { value: bypassBit, mask: bypassBit },
              action: onwards,
            },
            'bypass: replies of published ports, and direct destinations',
          ),
        ]
      : []),
    ...ofLinks(family, redirects),
    // The reverse path filter asks for the links where a mark is valid for it. IPv6 has no such filter.
    ...[...(family === 4 ? linksBack(redirects) : []), 'lo'].map((device) =>
      ruling(
        { preference: preferences.inside, fwmark: steered, device, action: onwards },
        device === 'lo'
          ? 'packets from and to this host itself'
          : 'route replies to the bridge or to the node',
      ),
    ),
    ...redirects.flatMap((redirect) => routeRules(redirect, {})),
    ...gateways.flatMap((gateway) => gatewayRules(gateway, mask, ownerBit)),
    theEnd,
  ];
}

type Gateway = ReturnType<typeof marksOf>['gateways'][number];

/** With the bit that says that it is ours: a mark of somebody else may have the others. */
function gatewayRules({ gateway, mark, table }: Gateway, mask: number, ownerBit: number): Ruling[] {
  const fwmark = { value: (mark | ownerBit) >>> 0, mask: (mask | ownerBit) >>> 0 };
  return [
    ruling(
      { preference: preferences.steer, fwmark, action: { kind: 'lookup', table } },
      `every packet of networks that use gateway ${gateway}`,
    ),
    ruling(
      { preference: preferences.closed, fwmark, action: { kind: 'prohibit' } },
      'block packets that no table has a route for',
    ),
  ];
}

/** ICMP errors of this host about answers to redirected flows: back by the gateway that the answer came from, or nowhere. */
function hostErrorRules({ gateway, mark, table }: Gateway, mask: number, numbers: Numbers): Ruling[] {
  const bits = hostErrorBits(numbers);
  const about = { fwmark: { value: (mark | bits) >>> 0, mask: (mask | bits) >>> 0 }, device: 'lo' };
  return [
    ruling(
      { preference: preferences.hostErrors, ...about, action: { kind: 'lookup', table } },
      `send ICMP errors of this host about replies back to gateway ${gateway}`,
    ),
    ruling(
      { preference: preferences.hostErrorsClosed, ...about, action: { kind: 'blackhole' } },
      'block these ICMP errors if the gateway is unavailable',
    ),
  ];
}
