/** `ip rule`s by fwmark. A map of the nft table assigns the mark. */
import { preferences } from '../../kinds/ownership.ts';
import { type Numbers, hostErrorBits } from '../allocate/numbers.ts';
import { isNode } from '../redirect.ts';
import { closedMemberRules, memberRules } from './balance.ts';
import { routeRules } from './route-rules.ts';
import { type ReasonedRule, linkLocalRules, skipSteering, withReason, endRule } from './reasoned-rule.ts';
import { type SteeredFamily, type Steering, replyDevices } from './steering-kind.ts';

/**
 * The number of rules depends on gateways, not on subnets. Packets to a redirected subnet get no gateway's mark and are
 * routed by table main, where an unreachable route blocks them if the bridge is missing.
 */
export function rulesByMark(
  { family, redirects, steering }: SteeredFamily,
  numbers: Numbers,
): ReasonedRule[] {
  const { mask, gateways, ownerBit } = steering;
  const { bypassBit = 0 } = numbers;
  const steered = { value: ownerBit, mask: ownerBit };
  return [
    ...gateways.flatMap((gateway) => hostErrorRules(gateway, mask, numbers)),
    ...(redirects.some(isNode)
      ? [
          withReason(
            {
              preference: preferences.bypass,
              fwmark: { value: bypassBit, mask: bypassBit },
              action: skipSteering,
            },
            'bypass: replies of published ports, and direct destinations',
          ),
        ]
      : []),
    ...memberRules(redirects, numbers),
    ...linkLocalRules(family, redirects),
    // With src_valid_mark on these links, the reverse path filter looks up the route with the reply's mark.
    ...[...replyDevices(steering), 'lo'].map((device) =>
      withReason(
        { preference: preferences.inside, fwmark: steered, device, action: skipSteering },
        device === 'lo'
          ? 'packets from and to this host itself'
          : 'route replies to the bridge or to the node',
      ),
    ),
    ...redirects.flatMap((redirect) => routeRules(redirect, {})),
    ...gateways.flatMap((gateway) => gatewayRules(gateway, mask, ownerBit)),
    ...closedMemberRules(redirects, numbers),
    endRule,
  ];
}

type Gateway = Steering['gateways'][number];

/** The owner bit tells our marks from other programs' marks with the same bits. */
function gatewayRules({ gateway, mark, table }: Gateway, mask: number, ownerBit: number): ReasonedRule[] {
  const fwmark = { value: (mark | ownerBit) >>> 0, mask: (mask | ownerBit) >>> 0 };
  return [
    withReason(
      { preference: preferences.steer, fwmark, action: { kind: 'lookup', table } },
      `every packet of networks that use gateway ${gateway}`,
    ),
    withReason(
      { preference: preferences.closed, fwmark, action: { kind: 'prohibit' } },
      'block packets that no table has a route for',
    ),
  ];
}

/** ICMP errors of this host about replies to redirected flows go to the gateway that sent the reply, or are dropped. */
function hostErrorRules({ gateway, mark, table }: Gateway, mask: number, numbers: Numbers): ReasonedRule[] {
  const bits = hostErrorBits(numbers);
  const match = { fwmark: { value: (mark | bits) >>> 0, mask: (mask | bits) >>> 0 }, device: 'lo' };
  return [
    withReason(
      { preference: preferences.hostErrors, ...match, action: { kind: 'lookup', table } },
      `send ICMP errors of this host about replies back to gateway ${gateway}`,
    ),
    withReason(
      { preference: preferences.hostErrorsClosed, ...match, action: { kind: 'blackhole' } },
      'block these ICMP errors if the gateway is unavailable',
    ),
  ];
}
