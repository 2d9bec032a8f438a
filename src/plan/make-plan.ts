/** Makes the plan from the actual to the desired state, ordered by `kinds/rank.ts`. */
import type { Desired } from '../desired/desired.ts';
import type { HostObject } from '../kinds/index.ts';
import { compareStates } from './compare.ts';
import { type ChangedFlows, changedFlows, flowsToClose, forgetLines, forgetSteps } from './flow-steps.ts';
import type { NatMemory } from './nat-memory.ts';
import { type ClosedFlows, nftSteps } from './nft-steps.ts';
import { isNftObject } from './nft-text.ts';
import { rankedAs, sortSteps, stepsOfChanges } from './ranked-steps.ts';
import type { Plan } from './step.ts';

export function makePlan(
  actual: readonly HostObject[],
  desired: Pick<Desired, 'wanted' | 'nat' | 'waiting' | 'warnings' | 'notReady'>,
  memory: NatMemory,
): Plan {
  const changes = compareStates(actual, desired.wanted);
  const { waiting, warnings, notReady } = desired;
  // Fast path for most runs on a large host: no difference, and no conntrack entries left to delete.
  if (changes.length === 0 && !memory.forget?.length) return { steps: [], waiting, warnings, notReady };
  const foundNft = actual.filter(isNftObject);
  const wantedNft = desired.wanted.filter(({ object }) => isNftObject(object));
  const flows = changedFlows(actual, desired.nat, memory);
  const closed = closedFlowsOf(actual, flows, memory);
  const steps = sortSteps([
    ...nftSteps(foundNft, wantedNft, closed),
    ...rankedAs('forgetFlows', forgetSteps(flows, closed.duringRun)),
    ...stepsOfChanges(changes),
  ]);
  return { steps, waiting, warnings, notReady };
}

function closedFlowsOf(actual: readonly HostObject[], changed: ChangedFlows, memory: NatMemory): ClosedFlows {
  const duringRun = flowsToClose(actual, changed, memory);
  return {
    duringRun,
    duringUndo: [...changed.atUnion, ...changed.atPrune],
    lines: forgetLines(duringRun),
  };
}
