/** Runs one row: captures, the event, traffic, what `status --check` says, `apply`, the declared way again. */
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
  /** until all is mended; for the twin, until `apply` */
  readonly seen: Seen;
  readonly checked: { readonly exitCode: number; readonly said: string };
  /** whether anything came by the declared way between the event and `apply` */
  readonly meanwhile: Readonly<Record<Family, boolean>>;
  /** what went wrong with `apply`, empty when nothing did */
  readonly applyFailed: string;
  /** whether each kind of packet comes by the declared way in the end, and none elsewhere */
  readonly mended: Readonly<Record<Family, boolean>>;
}

/** milliseconds of traffic after each step of an event */
const traffic = 300;
/** milliseconds in which it goes on by itself, where nothing of ours is broken: ARP asks once a second */
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
  // The twin leaks until it is mended, and has shown so by now.
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

/** Whether all of a cell is the same for both. */
export function isAlike(values: Readonly<Record<Family, unknown>>): boolean {
  return families.every((family) => values[family] === values[4]);
}

async function runSteps(world: World, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    await step(world);
    await sleep(traffic);
  }
}
