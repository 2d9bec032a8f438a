/** Keeps the flow logs of the gateways that this host is a member of. */
import { isDeepStrictEqual } from 'node:util';
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import type { MemberGateway } from '../../topology/role.ts';
import type { Emit } from '../event/agent-event.ts';
import { createChecks } from './checks.ts';
import {
  type FlowLogStatus,
  type GatewayLog,
  type GatewayLogOptions,
  openGatewayLog,
} from './gateway-log.ts';
import { createHold } from './hold.ts';
import { type Listener, type ListenerPorts, startListener } from './listener.ts';
import type { LivingPorts } from './living.ts';
import { createNotes } from './notes.ts';
import { ownerFinder } from './owners.ts';

export interface RecorderPorts extends ListenerPorts, LivingPorts {
  /** milliseconds since 1970 */
  readonly clock: () => number;
  /** folder of all flow logs of this network namespace */
  readonly folder: string;
  readonly emit: Emit;
}

export type LoggedGateway = Pick<MemberGateway, 'name' | 'served' | 'flowLog'>;

export interface Recorder {
  /** Logs the flows of these gateways from now on, of those with a flow log. */
  follow(gateways: readonly LoggedGateway[]): void;
  status(): readonly FlowLogStatus[];
  /** Resolves when all is written, after the end. */
  closed(): Promise<void>;
}

export function createRecorder(ports: RecorderPorts, end: AbortSignal): Recorder {
  let gateways: readonly LoggedGateway[] = [];
  let run: Run | undefined;
  let work = Promise.resolve();
  const change = async (): Promise<void> => {
    const logged = gateways.filter(({ flowLog }) => flowLog);
    if (run && (logged.length === 0 || end.aborted)) {
      await run.close();
      run = undefined;
    }
    if (logged.length === 0 || end.aborted) return;
    run ??= createRun(ports, end);
    await run.follow(logged);
  };
  const later = (): void => {
    work = work.then(change).catch((error: unknown) => ports.emit({ kind: 'flow-log', text: String(error) }));
  };
  end.addEventListener('abort', later, { once: true });
  return {
    follow(next) {
      if (isDeepStrictEqual(next, gateways)) return;
      gateways = next;
      later();
    },
    status: () => run?.status() ?? [],
    closed: () => work,
  };
}

type Run = ReturnType<typeof createRun>;

/** Logs until it is closed. */
function createRun(ports: RecorderPorts, end: AbortSignal) {
  const controller = new AbortController();
  const until = AbortSignal.any([controller.signal, end]);
  const logs = new Map<string, GatewayLog>();
  let ownersOf = ownerFinder([]);
  let listener: Listener | undefined;
  const pending = (): number => Math.max(0, ...[...logs.values()].map((log) => log.pending()));
  const hold = createHold(ports, pending);
  const held = { ...ports, start: hold.start };
  const record = (flows: readonly TrackedFlow[]): void => {
    for (const flow of flows) for (const owner of ownersOf(flow)) logs.get(owner.gateway)?.add(owner, flow);
  };
  const checks = createChecks(held, { logs, ownersOf: (flow) => ownersOf(flow) }, until);
  const notes = createNotes(ports, logs, () => checks.now());
  return {
    async follow(gateways: readonly LoggedGateway[]): Promise<void> {
      await hold.during(async () => {
        for (const log of await changeLogs(logs, gateways, { ...ports, onWritten: hold.look }))
          notes.opened(log);
        ownersOf = ownerFinder(gateways);
      });
      if (listener) return checks.now();
      listener = startListener(held, { flows: record, ...notes }, until);
      void checks.run();
    },
    status: () => [...logs.values()].map((log) => statusOf(log, listener)),
    async close(): Promise<void> {
      controller.abort();
      await checks.ended();
      for (const log of logs.values()) await log.close();
    },
  };
}

/** Opens and closes logs, so that exactly these gateways have one. Returns those that were not open before. */
async function changeLogs(
  logs: Map<string, GatewayLog>,
  gateways: readonly LoggedGateway[],
  options: Omit<GatewayLogOptions, 'gateway' | 'limits'>,
): Promise<readonly GatewayLog[]> {
  const before = new Set(logs.keys());
  for (const [name, log] of logs) {
    const wanted = gateways.find((one) => one.name === name);
    if (isDeepStrictEqual(wanted?.flowLog, log.limits)) continue;
    logs.delete(name);
    await log.close();
  }
  for (const { name, flowLog } of gateways) {
    if (flowLog && !logs.has(name))
      logs.set(name, await openGatewayLog({ ...options, gateway: name, limits: flowLog }));
  }
  return [...logs].flatMap(([name, log]) => (before.has(name) ? [] : [log]));
}

function statusOf(log: GatewayLog, listener: Listener | undefined): FlowLogStatus {
  const { running, error } = listener?.state() ?? { running: false };
  return running ? log.status() : { problem: error ?? 'not started yet', ...log.status() };
}
