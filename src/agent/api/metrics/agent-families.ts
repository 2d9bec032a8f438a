/** Metrics of the agent itself. Pure. */
import { unhealthyReasons } from '../health.ts';
import { type MetricsInput, refusalReasons } from '../snapshot.ts';
import { agentMetrics as of } from './catalog.ts';
import type { Labels, Metric, MetricFamily, Sample } from './metric.ts';

export function agentFamilies(input: MetricsInput): MetricFamily[] {
  const { snapshot, process, build } = input;
  const { agent, looked, readDurations, repairDurations } = snapshot;
  return [
    one(of.buildInfo, 1, { version: build.version, node_version: build.node }),
    one(of.hostInfo, 1, { host: agent.host }),
    one(of.started, Date.parse(agent.since) / 1000),
    one(of.cpu, process.cpuSeconds),
    one(of.memory, process.memoryBytes),
    one(of.healthy, flag(unhealthyReasons(snapshot).length === 0)),
    ...fileFamilies(input),
    one(of.reads, agent.reads),
    // Reads are the attempts that succeeded.
    one(of.failures, agent.attempts - agent.reads),
    ...(looked ? [one(of.lastRead, looked.time)] : []),
    { metric: of.readDuration, histogram: readDurations },
    one(of.drifts, agent.drifts),
    { metric: of.repairDuration, histogram: repairDurations },
    ...programFamilies(input),
    ...apiFamilies(input),
  ];
}

function fileFamilies({ snapshot: { agent } }: MetricsInput): MetricFamily[] {
  const { wanted, inForce } = agent.files ?? {};
  const hashes = [
    { state: 'wanted', sha256: wanted },
    { state: 'in_force', sha256: inForce },
  ];
  return [
    {
      metric: of.fileInfo,
      samples: hashes.flatMap(({ state, sha256 }) =>
        sha256 === undefined ? [] : { labels: { state, sha256 }, value: 1 },
      ),
    },
    one(of.fileInForce, flag(inForce !== undefined && wanted === inForce)),
    one(of.fileRejected, flag(agent.problem !== undefined)),
  ];
}

function programFamilies({ snapshot: { agent } }: MetricsInput): MetricFamily[] {
  const { monitors, failedProbers } = agent;
  return [
    each(of.monitorRunning, monitors, ({ what, running }) => sample({ monitor: what }, flag(running))),
    each(of.monitorRestarts, monitors, ({ what, restarts }) => sample({ monitor: what }, restarts)),
    one(of.probersFailed, failedProbers.length),
  ];
}

function apiFamilies({ api }: MetricsInput): MetricFamily[] {
  return [
    one(of.eventClients, api.eventClients),
    one(of.eventClientsDropped, api.eventClientsDropped),
    each(of.refused, refusalReasons, (reason) => sample({ reason }, api.refused[reason])),
  ];
}

/** A metric with one value. */
function one(metric: Metric, value: number, labels: Labels = {}): MetricFamily {
  return { metric, samples: [sample(labels, value)] };
}

/** A metric with one value for each of some items. */
export function each<T>(metric: Metric, items: readonly T[], sampleOf: (item: T) => Sample): MetricFamily {
  return { metric, samples: items.map(sampleOf) };
}

export function sample(labels: Labels, value: number): Sample {
  return { labels, value };
}

export function flag(holds: boolean): 0 | 1 {
  return holds ? 1 : 0;
}
