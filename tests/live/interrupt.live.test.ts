/** Ctrl-C on a terminal during apply of many networks, and the output on the terminal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../src/host/process/background.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed } from './program.ts';
import { type Seat, ctrlC, screenAfter, sitDown } from './terminal.ts';
import { createTestWorld } from './test-world.ts';

/** Enough networks to keep the gateway busy for a while. */
const count = 1000;

/** Every second /24 of 10.0.0.0/8, so that none merge, behind node1. */
function largeFile(): string {
  const networks = Array.from({ length: count }, (_, i) => {
    const subnet = `10.${100 + (i >> 7)}.${(i & 127) * 2}.0/24`;
    return `  net${i}:\n    engine: external\n    subnets: { node1: ${subnet} }\n    via: office\n`;
  });
  return exampleFile('external').replace(/^networks:\n/m, `networks:\n${networks.join('')}`);
}

/**
 * Writes the first lines of the first batch with changes, then waits for longer than a test; later calls are not
 * delayed.
 */
const slowIp = `#!/bin/sh
PATH=\${PATH#*:}
case " $* " in
  *' -j '*) ;;
  *' -batch '*) mkdir /run/slow/once 2>/dev/null && { head -n 20 | ip "$@"; sleep 300; } ;;
esac
exec ip "$@"
`;

describe('Ctrl-C', () => {
  let world: World;
  /** milliseconds of a complete apply */
  let whole: number;

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external' });
    await world.hosts.gw1.files.replace(filePath, largeFile());
    const started = performance.now();
    await mustSucceed(world.hosts.gw1, 'apply', '--yes');
    whole = performance.now() - started;
    await mustSucceed(world.hosts.gw1, 'destroy', '--yes');
  });
  afterAll(async () => {
    await world?.down();
  });

  /** Presses Ctrl-C after a delay, and again once the first is reported. */
  async function pressAfter(seat: Seat, time: number): Promise<void> {
    await sleep(time);
    seat.press(ctrlC);
    await waitUntil(() => /stopping|interrupted|exit status/.test(seat.seen()), 10_000);
    seat.press(ctrlC);
  }

  it('restores the gateway at any moment, and leaves only messages on the screen', async () => {
    const { gw1 } = world.hosts;
    const before = await dumpHost(gw1);
    for (const part of [0.3, 0.5, 0.7, 0.9]) {
      const seat = await sitDown(gw1, ['apply', '--yes', '>/dev/null']);
      await pressAfter(seat, part * whole);
      // Too early or too late for a message: a completed apply is removed by destroy.
      const status = await seat.exitStatus();
      if (status === 0) await mustSucceed(gw1, 'destroy', '--yes');
      expect([part, compareDumps(before, await dumpHost(gw1))]).toEqual([part, []]);
      const screen = screenAfter(seat.seen());
      expect(screen.filter((line) => /writing|forgetting|undoing|looking|reading/.test(line))).toEqual([]);
    }
  });

  it('interrupts a batch in its middle, shows progress, and confirms a second Ctrl-C', async () => {
    const { gw1 } = world.hosts;
    await gw1.files.replace('/run/slow/ip', slowIp, 0o755);
    const before = await dumpHost(gw1);
    const seat = await sitDown(gw1, ['apply', '--yes', '>/dev/null'], ['PATH=/run/slow:"$PATH"']);
    await waitUntil(() => seat.seen().includes(': step '), 60_000);
    // Part of the batch has taken effect.
    const between = compareDumps(before, await dumpHost(gw1));
    expect(between.length).toBeGreaterThan(0);
    await pressAfter(seat, 0);
    expect(await seat.exitStatus()).toBe(1);
    const written = seat.seen();
    expect(written).toMatch(/: step \d of \d, [\d,]+ objects/);
    expect(written.match(/stopping: please wait/g)).toHaveLength(2);
    expect(screenAfter(written).join('\n')).toMatch(/interrupted; everything is as it was before$/m);
    expect(compareDumps(before, await dumpHost(gw1))).toEqual([]);
  });
});
