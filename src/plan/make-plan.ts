/**
 * The way from the state found to the state wanted. Order is data, here and nowhere else: closed first,
 * open last; add before delete; taking away runs backwards.
 */
import type { Desired } from '../desired/desired.ts';
import { type HostObject, type Rule, isSteering } from '../state/objects.ts';
import { lastMetric, preferences, routePreferences } from '../state/ownership.ts';
import { closedFlows } from './closing.ts';
import { compareStates } from './compare.ts';
import { engineSteps } from './engine-steps.ts';
import { type ChangedFlows, changedFlows, flowsOnTheWay, forgetBegun, printFlows } from './flow-steps.ts';
import {
  addPolicies,
  addRoutes,
  addRules,
  otherPreferences,
  removePolicies,
  removeRoutes,
  removeRules,
} from './ip-steps.ts';
import { iptablesSteps } from './iptables-steps.ts';
import { type Closing, nftSteps } from './nft-steps.ts';
import { isNftObject } from './nft-text.ts';
import type { Plan } from './step.ts';
import { sysctlSteps } from './sysctl-steps.ts';

const { end, hostErrors, hostErrorsClosed, bypass, inside, insideClosed, closed, steer } = preferences;
const known = [...Object.values(preferences), ...routePreferences];

const exceptions = [end, hostErrorsClosed, bypass, inside, insideClosed, ...routePreferences, closed];
const opening = [hostErrors, steer, ...routePreferences];
const closing = [closed, insideClosed, inside, bypass, hostErrorsClosed, end];

/** What an older version, or somebody in our name, has made goes with what opens. */
function isOpening(rule: Rule): boolean {
  return isSteering(rule) || !known.includes(rule.preference);
}

export function makePlan(
  actual: readonly HostObject[],
  desired: Pick<Desired, 'wanted' | 'pending' | 'waiting' | 'warnings' | 'notReady'>,
): Plan {
  const changes = compareStates(actual, desired.wanted);
  const { waiting, warnings, notReady, pending } = desired;
  // Nothing is different, and no flows are left to forget: most runs on a large host end here.
  if (changes.length === 0 && !pending?.length) return { steps: [], waiting, warnings, notReady };
  const foundNft = actual.filter(isNftObject);
  const wantedNft = desired.wanted.filter(({ object }) => isNftObject(object));
  const flows = changedFlows(actual, desired.wanted, [...(pending ?? []), ...closedFlows(foundNft)]);
  const meanwhile = closingFor(actual, flows);
  const nft = nftSteps(foundNft, wantedNft, meanwhile);
  const steps = [
    ...nft.reset,
    // The guard stops what is not steered yet, and flows begin anew with their own address.
    ...nft.widen,
    ...forgetBegun(flows, meanwhile.flows),
    // Now that packets are marked, those that are not can be blocked.
    ...addPolicies(changes),
    // Exceptions come before what closes, or the host could not answer its containers for a moment.
    ...addRules(changes, exceptions, (rule) => !isSteering(rule)),
    ...addRoutes(changes, (route) => route.metric === lastMetric),
    ...addRoutes(changes, (route) => route.metric !== lastMetric),
    ...addRules(changes, [...routePreferences, steer, hostErrors], isSteering),
    ...sysctlSteps(changes, 'first'),
    // Its tables and rules are there now.
    ...nft.turn,
    ...engineSteps(changes),
    ...iptablesSteps(changes),
    // Backwards from here: what closes goes last.
    ...removeRules(changes, [...opening, ...otherPreferences(changes, known), ...closing], isOpening),
    ...removeRoutes(changes),
    ...removeRules(changes, [hostErrors, steer, ...exceptions.toReversed()], (rule) => !isOpening(rule)),
    ...removePolicies(changes),
    ...sysctlSteps(changes, 'restore'),
    ...nft.narrow,
    // Only now: whatever flows had of the old way is forgotten, and begins anew.
    ...nft.open,
  ];
  return { steps, waiting, warnings, notReady };
}

function closingFor(actual: readonly HostObject[], changed: ChangedFlows): Closing {
  const flows = flowsOnTheWay(actual, changed);
  const why = 'flows from here get the source address of their new way';
  return {
    flows,
    undone: [...changed.begun, ...changed.ended],
    lines: flows.length > 0 ? [{ sign: '*', text: printFlows(flows), why }] : [],
  };
}
