/** What a row of the matrix is: something that happens to a redirected network, and what has to come of it. */
import { filePath } from '../../../src/lab/example-file.ts';
import type { HostName } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { mustSucceed, mustredirect } from '../program.ts';
import { exampleFile } from './families.ts';

export interface Event {
  readonly name: string;
  /** whose `status --check` is asked afterwards, and where `apply` mends */
  readonly host: 'node1' | 'gw1';
  /** what was before, while nobody looks: a network that is not redirected yet may go anywhere */
  readonly prepare?: readonly Step[];
  /** one after the other, with traffic after each */
  readonly steps: readonly Step[];
  /** what `status --check` has to name, each of them; absent when nothing of ours is missing or changed */
  readonly names?: readonly string[];
  /** the twin that shows that each layer counts: nothing is left, and packets must be seen elsewhere */
  readonly leaks?: true;
  /** takes away again what is none of our business, before `apply` */
  readonly undo?: readonly Step[];
  /** brings back what was of others, after `apply` */
  readonly restore?: readonly Step[];
}

export type Step = (world: World) => Promise<unknown>;

export function applyFile(edit: (file: string) => string): Step {
  return applyText((world) => edit(exampleFile(world)));
}

/** As the file says from now on, on both hosts: the gateway first. */
export function applyText(textFor: (world: World) => string): Step {
  return async (world) => {
    for (const host of [world.hosts.gw1, world.hosts.node1]) {
      await host.files.replace(filePath, textFor(world));
      await mustSucceed(host, 'apply', '--yes');
    }
  };
}

/** A part of the file is not ready: it is closed, and apply says so. */
export function applyNotReady(host: Event['host']): Step {
  return async ({ hosts }) => {
    const { exitCode, stdout, stderr } = await mustredirect(hosts[host], 'apply', '--yes');
    if (exitCode !== 3) throw new Error(`apply on ${host}: exit ${exitCode}\n${stdout}\n${stderr}`);
  };
}

/** @param script for a shell that stops at the first error */
export function on(host: HostName, script: string): Step {
  return ({ hosts }) => hosts[host].run(['sh', '-ec', script]);
}
