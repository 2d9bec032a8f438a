/** Whether the host is as the file says, for `/healthz`. Pure. */
import { notReadyText } from '../../plan/not-ready.ts';
import type { AgentState } from '../agent-state.ts';
import type { Snapshot } from './snapshot.ts';

type Known = Pick<Snapshot, 'faults'> & { readonly agent: AgentState };

/** Why the host is not as the file says, each on one line; empty: it is. The same that `status --check` finds. */
export function unhealthyReasons({ agent, faults }: Known): string[] {
  const { reads, failure, problem, resting, differs } = agent;
  const reasons = [
    ...(reads === 0 && !failure ? ['the host is being read for the first time'] : []),
    ...(failure ? [`failed ${failure.times} times in a row: ${failure.message}`] : []),
    ...(problem === undefined ? [] : [`${problem.trim()}; what was applied last stays in force`]),
    ...(resting === undefined ? [] : [resting]),
    ...(differs === undefined ? [] : [`is being repaired: ${differs}`]),
    ...faults.notReady.map(notReadyText),
    ...faults.leaving.map(
      ({ network, family, why }) => `network ${network}: IPv${family} leaves directly: ${why}`,
    ),
  ];
  return reasons.map((reason) => reason.trim().replaceAll(/\s*\n\s*/g, ' '));
}
