/** The agent's API: HTTP on a unix socket, and on an address if a person asks for it. */
import type { Exec } from '../../host/ports.ts';
import type { ProbeCount } from '../members/probe-counts.ts';
import type { AgentStatus } from '../socket.ts';
import { type Emit, stateEvent } from '../event/agent-event.ts';
import type { EventLog } from '../event/event-log.ts';
import { type EventStreams, createEventStreams } from './event-streams.ts';
import { unhealthyReasons } from './health.ts';
import { type AddressServed, serveAddress, serveSocket } from './http-server.ts';
import { createMetricsText } from './metrics-text.ts';
import { createNatUsage, egressAddresses } from './nat-usage.ts';
import type { Observed } from './observed.ts';
import type { ApiContent } from './routes.ts';
import type { ApiUsage, Looked, MetricsInput, ProcessUsage, RefusalReason } from './snapshot.ts';

export interface ApiPorts {
  readonly exec: Exec;
  /** milliseconds, monotonic */
  readonly now: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly emit: Emit;
  readonly sendTo: EventLog['sendTo'];
  readonly usage: () => ProcessUsage;
  readonly build: MetricsInput['build'];
}

export interface ApiSource {
  readonly observed: Observed;
  readonly status: () => AgentStatus;
  readonly probes: () => readonly ProbeCount[];
}

export interface Api {
  /** something may have changed: if the host is no longer as the file says, or is again, that is an event */
  readonly notice: () => void;
}

export interface ApiPlaces {
  /** path of the unix socket */
  readonly socket: string;
  /** absent: only the unix socket */
  readonly tcp?: Pick<AddressServed, 'listen' | 'access'> | undefined;
}

/** milliseconds between two looks at what makes the host unhealthy: it may change without a read of the host */
const noticeEvery = 1000;

/** Answers until `end` is aborted. */
export async function serveApi(
  places: ApiPlaces,
  ports: ApiPorts,
  source: ApiSource,
  end: AbortSignal,
): Promise<Api> {
  const reasonsNow = (): readonly string[] =>
    unhealthyReasons({ agent: source.status(), faults: source.observed.faults() });
  const every = createEvery(end);
  const time = (): string => new Date().toISOString();
  const events = createEventStreams({ time, state: () => stateEvent(reasonsNow()), every });
  const content = createContent(ports, source, events, reasonsNow);
  await serveSocket(places.socket, content, end);
  const { emit, sleep } = ports;
  ports.sendTo((record) => events.add(record));
  if (places.tcp) void serveAddress({ ...places.tcp, emit, sleep }, content, end);
  let last = reasonsNow().join('\n');
  const notice = (): void => {
    const reasons = reasonsNow();
    const now = reasons.join('\n');
    if (now !== last) emit(stateEvent(reasons));
    last = now;
  };
  every(noticeEvery, notice);
  return { notice };
}

function createContent(
  ports: ApiPorts,
  source: ApiSource,
  events: EventStreams,
  reasons: () => readonly string[],
): ApiContent {
  const refused: Record<RefusalReason, number> = { connections: 0, clients: 0, token: 0, request: 0 };
  const usage = (): ApiUsage => ({ ...events.usage(), refused });
  return {
    status: source.status,
    networks: () => networksOf(source.observed.looked()),
    reasons,
    metrics: createMetricsText({ now: ports.now, input: createMetricsInput(ports, source, usage) }),
    events,
    refused: (reason) => {
      refused[reason] += 1;
    },
  };
}

function networksOf(looked: Looked | undefined) {
  if (!looked) return { networks: [], gateways: [] };
  const { networks, gateways } = looked.status;
  return { read: new Date(looked.time * 1000).toISOString(), networks, gateways };
}

function createMetricsInput(
  ports: ApiPorts,
  { observed, status, probes }: ApiSource,
  usage: () => ApiUsage,
): () => Promise<MetricsInput> {
  const seconds = (): number => Date.now() / 1000;
  const pause = (milliseconds: number): Promise<void> =>
    ports.sleep(milliseconds, new AbortController().signal);
  const natUsage = createNatUsage({ ...ports, time: seconds, pause });
  return async () => {
    const host = observed.host();
    const nat = host && (await natUsage(egressAddresses(host.role, host.facts)));
    const looked = observed.looked();
    const faults = observed.faults();
    const snapshot = {
      agent: status(),
      faults,
      probes: probes(),
      ...observed.durations(),
      ...(looked ? { looked } : {}),
    };
    return { snapshot, nat, process: ports.usage(), api: usage(), build: ports.build };
  };
}

/** Calls functions again and again, until the signal is aborted. */
function createEvery(end: AbortSignal): (milliseconds: number, work: () => void) => void {
  return (milliseconds, work) => {
    const timer = setInterval(work, milliseconds).unref();
    end.addEventListener('abort', () => clearInterval(timer), { once: true });
  };
}
