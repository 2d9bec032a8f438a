/** Runs one row: captures, the event, traffic, `status --check`, `apply`, and the declared path again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../../src/address/cidr.ts';
import type { World } from '../../../src/lab/world.ts';
import { mustredirect } from '../program.ts';
import { anyByDeclaredWay, declaredWayIsOpen } from './declared-way.ts';
import type { Event, Step } from './event.ts';
import { eachFamily, families } from './families.ts';
import { whileQuiet } from './sender.ts';
import { countElsewhere, watchElsewhere, type Seen } from './watch.ts';

export interface Cell {
  readonly event: Event;
  /** captured packets until the repair; for the control row, until `apply` */
  readonly seen: Seen;
  readonly checked: { readonly exitCode: number; readonly said: string };
  /** whether any packet took the declared path between the event and `apply` */
  readonly meanwhile: Readonly<Record<Family, boolean>>;
  /** error of `apply`, empty on success */
  readonly applyFailed: string;
  /** whether each kind of packet takes the declared path at the end, and none is seen elsewhere */
  readonly mended: Readonly<Record<Family, boolean>>;
}

/** milliseconds of traffic after each step of an event */
const traffic = 300;
/** milliseconds in which traffic recovers by itself if our objects are intact: ARP retries once a second */
const patience = 3000;

export async function runCell(world: World, event: Event): Promise<Cell> {
  const { node1, upstream } = world.hosts;
  const host = world.hosts[event.host];
  const quiet = (read: () => Promise<void>): Promise<void> => whileQuiet(node1, read);
  for (const step of event.prepare ?? []) await step(world);
  const watch = await watchElsewhere(world);
  await runSteps(world, event.steps);
  const meanwhile = await anyByDeclaredWay(upstream, event.names ? traffic : patience);
  const checked = await mustredirect(host, 'status', '--check');
  // The control row leaks until it is repaired, so its capture ends here.
  const leaked = event.leaks ? await watch.stop(quiet) : undefined;
  if (event.undo) await runSteps(world, event.undo);
  const applied = await mustredirect(host, 'apply', '--yes');
  const after = leaked ? await watchElsewhere(world) : watch;
  const open = await declaredWayIsOpen(upstream);
  if (event.restore) await runSteps(world, event.restore);
  const seen = await after.stop(quiet);
  return {
    event,
    seen: leaked ?? seen,
    checked: { exitCode: checked.exitCode, said: checked.stdout + checked.stderr },
    meanwhile,
    applyFailed: applied.exitCode === 0 ? '' : applied.stdout + applied.stderr,
    mended: eachFamily(
      (family) => open[family] && (leaked === undefined || countElsewhere(seen, family) === 0),
    ),
  };
}

/** Whether a value is the same for both families. */
export function isAlike(values: Readonly<Record<Family, unknown>>): boolean {
  return families.every((family) => values[family] === values[4]);
}

async function runSteps(world: World, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    await step(world);
    await sleep(traffic);
  }
}
