/** Order in which rules are added and removed, by preference. */
import { mainTable, preferences, routePreferences } from '../ownership.ts';
import type { Rank } from '../rank.ts';
import type { Rule } from './schema.ts';

const { end, hostErrors, hostErrorsClosed, bypass, inside, insideClosed, closed, steer } = preferences;

/** stands in an order for all preferences that it does not list */
const unlisted = -1;
const adding = [
  unlisted,
  end,
  hostErrorsClosed,
  bypass,
  inside,
  insideClosed,
  ...routePreferences,
  closed,
  steer,
  hostErrors,
];
const closing = [closed, insideClosed, inside, bypass, hostErrorsClosed, end];
const removingOpen = [hostErrors, steer, ...routePreferences, unlisted, ...closing];
const removingClosed = adding.toReversed();

interface RuleRank {
  readonly rank: Rank;
  readonly position: number;
}

export function addingRank(rule: Rule): RuleRank {
  const position = positionIn(adding, rule);
  return { rank: isOpening(rule) ? 'addOpeningRule' : 'addClosingRule', position };
}

export function removingRank(rule: Rule): RuleRank {
  return isOpening(rule)
    ? { rank: 'removeOpeningRule', position: positionIn(removingOpen, rule) }
    : { rank: 'removeClosingRule', position: positionIn(removingClosed, rule) };
}

/** Preferences that the order does not list are sorted ascending. */
function positionIn(order: readonly number[], { preference }: Rule): number {
  const at = order.indexOf(preference);
  return at < 0 ? order.indexOf(unlisted) + preference / 2 ** 32 : at;
}

/** Unknown preferences, from an older version or another author, are ordered like rules that steer. */
function isOpening(rule: Rule): boolean {
  return isSteering(rule) || !adding.includes(rule.preference);
}

/** Whether a rule routes packets by one of our tables. */
export function isSteering({ action }: Rule): boolean {
  return action.kind === 'lookup' && action.table !== mainTable;
}
