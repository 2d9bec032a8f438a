/** Lines of flow logs for flows that live, from time to time, and for steps of the clock. */
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import type { GatewayLog } from './gateway-log.ts';
import { isoTime } from './line.ts';
import { type LivingPorts, readLiving } from './living.ts';
import type { NotesPorts } from './notes.ts';
import type { Owner, ownerFinder } from './owners.ts';

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
  const { clock, now, sleep, emit } = ports;
  let work = Promise.resolve();
  let failed = false;
  const check = (): Promise<void> => {
    work = work
      .then(() => (until.aborted ? undefined : checkOnce(ports, checked, until)))
      .then(() => void (failed = false))
      .catch((error: unknown) => {
        if (!failed && !until.aborted)
          emit({ kind: 'flow-log', text: `flows that live have no lines yet: ${String(error)}` });
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
  const checked = new Map([...logs].map(([gateway, one]) => [gateway, begin(one, at)]));
  const add = (flow: TrackedFlow): void => {
    for (const owner of ownersOf(flow)) checked.get(owner.gateway)?.add(owner, flow);
  };
  try {
    await readLiving(ports, (flows) => flows.forEach(add), until);
  } catch (error) {
    for (const one of checked.values()) one.failed();
    throw error;
  }
  for (const one of checked.values()) await one.done();
}

/** A part that ends meanwhile sets `checkedUntil` to 0, and the next check gives all flows a line. */
function begin(log: GatewayLog, at: number) {
  const { checks } = log;
  const since = checks.checkedUntil;
  checks.checkedUntil = at;
  let living = 0;
  return {
    add(owner: Owner, flow: TrackedFlow): void {
      living += 1;
      if (isNew(flow, since, at)) log.add(owner, flow);
    },
    failed: (): void => void (checks.checkedUntil = Math.min(checks.checkedUntil, since)),
    async done(): Promise<void> {
      checks.living = living;
      log.write({ kind: 'checked', time: isoTime(at) });
      await log.maintain();
    },
  };
}

/** Whether a living flow has no line yet. One without a begin began before the log: it gets a line once in each part. */
function isNew({ begin: from }: TrackedFlow, since: number, at: number): boolean {
  if (since === 0) return true;
  return from !== undefined && from > since && from <= at;
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
    one.checks.checkedUntil = 0;
  }
}
