/**
 * The way from the state found to the state wanted. Order is data, here and nowhere else: closed first,
 * open last; add before delete; taking away runs backwards.
 */
import type { Desired } from '../desired/desired.ts';
import type { HostObject } from '../state/objects.ts';
import { lastMetric, preferences } from '../state/ownership.ts';
import { compareStates } from './compare.ts';
import { engineSteps } from './engine-steps.ts';
import { forgetSteps } from './flow-steps.ts';
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
import { nftSteps } from './nft-steps.ts';
import { isNftObject } from './nft-text.ts';
import type { Plan } from './step.ts';
import { sysctlSteps } from './sysctl-steps.ts';

const { end, directMark, inside, insideClosed, direct, closed, steer } = preferences;

export function makePlan(
  actual: readonly HostObject[],
  desired: Pick<Desired, 'wanted' | 'pending' | 'waiting' | 'warnings'>,
): Plan {
  const changes = compareStates(actual, desired.wanted);
  const foundNft = actual.filter(isNftObject);
  const wantedNft = desired.wanted.filter(({ object }) => isNftObject(object));
  const nft = nftSteps(foundNft, wantedNft);
  const flows = forgetSteps(actual, desired.wanted, desired.pending);
  const steps = [
    // The guard stops what is not steered yet, and flows begin anew with their own address.
    ...nft.widen,
    ...flows.begun,
    // Now that packets are marked, those that are not can be blocked.
    ...addPolicies(changes),
    // Exceptions come before what closes, or the host could not answer its containers for a moment.
    ...addRules(changes, [end, directMark, inside, insideClosed, direct, closed]),
    ...addRoutes(changes, (route) => route.metric === lastMetric),
    ...addRoutes(changes, (route) => route.metric !== lastMetric),
    ...addRules(changes, [steer]),
    ...sysctlSteps(changes, 'first'),
    ...engineSteps(changes),
    ...iptablesSteps(changes),
    // Backwards from here: what closes goes last.
    ...removeRules(changes, [steer, ...otherPreferences(changes, Object.values(preferences))]),
    ...removeRoutes(changes),
    ...removeRules(changes, [closed, direct, insideClosed, inside, directMark, end]),
    ...removePolicies(changes),
    ...sysctlSteps(changes, 'restore'),
    ...nft.narrow,
    ...flows.ended,
  ];
  return { steps, waiting: desired.waiting, warnings: desired.warnings };
}
