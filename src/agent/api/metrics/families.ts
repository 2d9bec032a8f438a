/** All metrics of a moment, computed one group after the other, so that a caller can pause. Pure. */
import type { MetricsInput } from '../snapshot.ts';
import { agentFamilies } from './agent-families.ts';
import { flowLogFamilies } from './flow-log-families.ts';
import { memberFamilies } from './member-families.ts';
import type { MetricFamily } from './metric.ts';
import { natFamilies } from './nat-families.ts';
import { networkFamilies } from './network-families.ts';

export function* metricFamilies(input: MetricsInput): Generator<MetricFamily> {
  const { snapshot, nat } = input;
  yield* agentFamilies(input);
  if (snapshot.looked) yield* networkFamilies(snapshot.looked);
  yield* memberFamilies(snapshot);
  yield* natFamilies(nat);
  yield* flowLogFamilies(snapshot.agent.flowLogs);
}
