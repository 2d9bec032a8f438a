/** Row of the matrix: an event that affects a redirected network, and the expected result. */
import { filePath } from '../../../src/lab/example-file.ts';
import type { HostName } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { mustSucceed, mustredirect } from '../program.ts';
import { exampleFile } from './families.ts';

export interface Event {
  readonly name: string;
  /** host that runs `status --check` and `apply` after the event */
  readonly host: 'node1' | 'gw1';
  /** steps before the captures: a network that is not redirected yet may use any path */
  readonly prepare?: readonly Step[];
  /** steps in order, with traffic after each */
  readonly steps: readonly Step[];
  /** objects that `status --check` must name; absent when none of ours is missing or changed */
  readonly names?: readonly string[];
  /** control that proves that each layer counts: all layers are removed, and packets must be seen elsewhere */
  readonly leaks?: true;
  /** removes foreign objects before `apply` */
  readonly undo?: readonly Step[];
  /** restores foreign objects after `apply` */
  readonly restore?: readonly Step[];
  /** it runs mustredirect itself: no row for the agent, which would come first */
  readonly applies?: true;
}

export type Step = (world: World) => Promise<unknown>;

export function applyFile(edit: (file: string) => string): Step {
  return applyText((world) => edit(exampleFile(world)));
}

/** Applies a file on both hosts, first on the gateway. */
export function applyText(textFor: (world: World) => string): Step {
  return async (world) => {
    for (const host of [world.hosts.gw1, world.hosts.node1]) {
      await host.files.replace(filePath, textFor(world));
      await mustSucceed(host, 'apply', '--yes');
    }
  };
}

/** Applies a file with a part that is not ready: it is blocked, and apply reports it. */
export function applyNotReady(host: Event['host']): Step {
  return async ({ hosts }) => {
    const { exitCode, stdout, stderr } = await mustredirect(hosts[host], 'apply', '--yes');
    if (exitCode !== 3) throw new Error(`apply on ${host}: exit ${exitCode}\n${stdout}\n${stderr}`);
  };
}

/** @param script script for a shell that stops at the first error */
export function on(host: HostName, script: string): Step {
  return ({ hosts }) => hosts[host].run(['sh', '-ec', script]);
}
