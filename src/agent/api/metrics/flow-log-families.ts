/** Metrics of the flow logs of a member. Pure. */
import type { FlowLogStatus } from '../../flow-log/gateway-log.ts';
import { each, flag, sample } from './agent-families.ts';
import { flowLogMetrics as of } from './catalog.ts';
import type { Metric, MetricFamily } from './metric.ts';

/** None of a host without flow logs. */
export function flowLogFamilies(logs: readonly FlowLogStatus[]): MetricFamily[] {
  if (logs.length === 0) return [];
  const byGateway = (metric: Metric, valueOf: (log: FlowLogStatus) => number): MetricFamily =>
    each(metric, logs, (log) => sample({ gateway: log.gateway }, valueOf(log)));
  return [
    byGateway(of.working, ({ problem }) => flag(problem === undefined)),
    byGateway(of.flows, ({ flows }) => flows),
    byGateway(of.dropped, ({ dropped }) => dropped),
    byGateway(of.unwritten, ({ unwritten }) => unwritten),
    byGateway(of.bytes, ({ bytes }) => bytes),
  ];
}
