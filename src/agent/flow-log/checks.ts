/** Lines of flow logs for flows that live, from time to time, and for steps of the clock. */
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import type { GatewayLog } from './gateway-log.ts';
import { isoTime } from './line.ts';
import { type LivingPorts, readLiving } from './living.ts';
import type { NotesPorts } from './notes.ts';
import type { ownerFinder } from './owners.ts';

export interface CheckPorts extends NotesPorts, LivingPorts {
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export interface Checked {
  readonly logs: ReadonlyMap<string, GatewayLog>;
  readonly ownersOf: ReturnType<typeof ownerFinder>;
}

export interface Checks {
  /** Writes lines for flows that live and have none. */
  now(): void;
  /** Does so every minute, until the end. */
  run(): Promise<void>;
  /** Resolves when nothing more is written, after the end. */
  ended(): Promise<void>;
}

/** milliseconds: a flow that has lived so long has a line, whatever becomes of its end */
const checkEvery = 60_000;
/** milliseconds between two looks at the clock, and a step of it that is told */
const [clockEvery, clockStep] = [1000, 1000];

export function createChecks(ports: CheckPorts, checked: Checked, until: AbortSignal): Checks {
  const { clock, now, sleep, log } = ports;
  let work = Promise.resolve();
  let failed = false;
  const check = (): Promise<void> => {
    work = work
      .then(() => (until.aborted ? undefined : checkOnce(ports, checked, until)))
      .then(() => void (failed = false))
      .catch((error: unknown) => {
        if (!failed && !until.aborted) log(`flow log: flows that live have no lines yet: ${String(error)}`);
        failed = true;
      });
    return work;
  };
  const run = async (): Promise<void> => {
    let [offset, checkedAt] = [clock() - now(), now()];
    while (!until.aborted) {
      await sleep(clockEvery, until);
      const step = clock() - now() - offset;
      offset += step;
      if (Math.abs(step) >= clockStep) work = work.then(() => noteStep(checked.logs, clock(), step));
      if (until.aborted || now() - checkedAt < checkEvery) continue;
      checkedAt = now();
      await check();
    }
  };
  return { now: () => void check(), run, ended: () => work };
}

async function checkOnce(ports: CheckPorts, { logs, ownersOf }: Checked, until: AbortSignal): Promise<void> {
  const at = ports.clock();
  const add = (flow: TrackedFlow): void => {
    for (const owner of ownersOf(flow)) {
      const one = logs.get(owner.gateway);
      if (one && isNew(flow, one.checkedUntil, at)) one.add(owner, flow);
    }
  };
  await readLiving(ports, (flows) => flows.forEach(add), until);
  for (const one of logs.values()) {
    one.checkedUntil = at;
    one.write({ kind: 'checked', time: isoTime(at) });
    await one.maintain();
  }
}

/** Whether a living flow has no line yet. One without a begin began before the log: it gets a line once. */
function isNew({ begin }: TrackedFlow, checkedUntil: number, at: number): boolean {
  return begin === undefined ? checkedUntil === 0 : begin > checkedUntil && begin <= at;
}

/** Lines before and after a step are in parts of their own, and flows that live get another line, by the new clock. */
async function noteStep(
  logs: ReadonlyMap<string, GatewayLog>,
  time: number,
  milliseconds: number,
): Promise<void> {
  for (const one of logs.values()) {
    await one.maintain(true);
    one.write({ kind: 'clock', time: isoTime(time), seconds: Math.round(milliseconds / 100) / 10 });
    one.checkedUntil = 0;
  }
}
