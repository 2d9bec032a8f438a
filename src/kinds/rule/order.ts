/** Where the rules of one preference stand among those of others, while they are added and taken away. */
import { mainTable, preferences, routePreferences } from '../ownership.ts';
import type { Rank } from '../rank.ts';
import type { Rule } from './schema.ts';

const { end, hostErrors, hostErrorsClosed, bypass, inside, insideClosed, closed, steer } = preferences;

/** stands in a list for all preferences that are not in it */
const others = -1;
const adding = [
  others,
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
const removingOpen = [hostErrors, steer, ...routePreferences, others, ...closing];
const removingClosed = adding.toReversed();

interface Place {
  readonly rank: Rank;
  readonly within: number;
}

export function placeAdded(rule: Rule): Place {
  const within = placeIn(adding, rule);
  return { rank: isOpening(rule) ? 'addOpeningRule' : 'addClosingRule', within };
}

export function placeRemoved(rule: Rule): Place {
  return isOpening(rule)
    ? { rank: 'removeOpeningRule', within: placeIn(removingOpen, rule) }
    : { rank: 'removeClosingRule', within: placeIn(removingClosed, rule) };
}

/** Among those that are not in the list, the lower comes first. */
function placeIn(order: readonly number[], { preference }: Rule): number {
  const at = order.indexOf(preference);
  return at < 0 ? order.indexOf(others) + preference / 2 ** 32 : at;
}

/** What an older version, or somebody in our name, has made comes and goes with what opens. */
function isOpening(rule: Rule): boolean {
  return isSteering(rule) || !adding.includes(rule.preference);
}

/** Whether a rule sends packets out of here by a table of ours. */
export function isSteering({ action }: Rule): boolean {
  return action.kind === 'lookup' && action.table !== mainTable;
}
