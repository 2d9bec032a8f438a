/** The agent's API: HTTP on a unix socket, and on an address if a person asks for it. */
import type { Exec } from '../../host/ports.ts';
import type { ProbeCount } from '../members/probe-counts.ts';
import type { AgentStatus } from '../socket.ts';
import { type Moment, eventsBetween, stateEvent } from './agent-event.ts';
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
  readonly log: (line: string) => void;
  readonly usage: () => ProcessUsage;
  readonly build: MetricsInput['build'];
}

export interface ApiSource {
  readonly observed: Observed;
  readonly status: () => AgentStatus;
  readonly probes: () => readonly ProbeCount[];
}

export interface Api {
  /** something may have changed: clients of `/events` are told what */
  readonly notice: () => void;
}

export interface ApiPlaces {
  /** path of the unix socket */
  readonly socket: string;
  /** absent: only the unix socket */
  readonly tcp?: Pick<AddressServed, 'listen' | 'access'> | undefined;
}

/** milliseconds between two looks at the members: probes change them without a read of the host */
const noticeEvery = 1000;

/** Answers until `end` is aborted. */
export async function serveApi(
  places: ApiPlaces,
  ports: ApiPorts,
  source: ApiSource,
  end: AbortSignal,
): Promise<Api> {
  const momentNow = (): Moment => {
    const agent = source.status();
    return { agent, reasons: unhealthyReasons({ agent, faults: source.observed.faults() }) };
  };
  const every = createEvery(end);
  const time = (): string => new Date().toISOString();
  const events = createEventStreams({ time, state: () => stateEvent(momentNow()), every });
  const content = createContent(ports, source, events, () => momentNow().reasons);
  await serveSocket(places.socket, content, end);
  const { log, sleep } = ports;
  if (places.tcp) void serveAddress({ ...places.tcp, log, sleep }, content, end);
  let last = momentNow();
  const notice = (): void => {
    const now = momentNow();
    events.add(eventsBetween(last, now));
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
