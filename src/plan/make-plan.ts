/** The way from the state found to the state wanted. Its order is that of `kinds/rank.ts`. */
import type { Desired } from '../desired/desired.ts';
import type { HostObject } from '../kinds/index.ts';
import { closedFlows } from './closing.ts';
import { compareStates } from './compare.ts';
import { type ChangedFlows, changedFlows, flowsOnTheWay, forgetBegun, printFlows } from './flow-steps.ts';
import { type Closing, type NftSteps, nftSteps } from './nft-steps.ts';
import { isNftObject } from './nft-text.ts';
import { type RankedStep, rankedAs, sortSteps, stepsOfChanges } from './ranked-steps.ts';
import type { Plan } from './step.ts';

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
  const steps = sortSteps([
    ...rankedNft(nftSteps(foundNft, wantedNft, meanwhile)),
    ...rankedAs('forgetBegun', forgetBegun(flows, meanwhile.flows)),
    ...stepsOfChanges(changes),
  ]);
  return { steps, waiting, warnings, notReady };
}

function rankedNft({ reset, union, switch: switched, prune, open }: NftSteps): RankedStep[] {
  return [
    ...rankedAs('resetConnections', reset),
    ...rankedAs('union', union),
    ...rankedAs('switch', switched),
    ...rankedAs('prune', prune),
    ...rankedAs('open', open),
  ];
}

function closingFor(actual: readonly HostObject[], changed: ChangedFlows): Closing {
  const flows = flowsOnTheWay(actual, changed);
  const why = 'drop existing connections, so that they pick up the new source address';
  return {
    flows,
    undone: [...changed.begun, ...changed.ended],
    lines: flows.length > 0 ? [{ sign: '*', text: printFlows(flows), why }] : [],
  };
}
