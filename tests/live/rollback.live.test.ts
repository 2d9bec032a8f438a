/** Rollback to the previous file: by command, and at boot when a run was not confirmed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

const first = exampleFile('external');
const second = first.replace(/^ *snat:.*$/m, (line) => `${line}\n    table: 300`);
const bootId = '/proc/sys/kernel/random/boot_id';

describe('rollback', () => {
  let world: World;
  let clean: HostDump;
  const run = (...args: readonly string[]): Promise<string> => mustSucceed(world.hosts.node1, ...args);

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external' });
    clean = await dump();
  });
  afterAll(async () => {
    await world?.down();
  });
  beforeEach(async () => {
    await run('destroy', '--yes');
  });

  /** Dump without times. */
  async function dump(): Promise<HostDump> {
    const found = await dumpHost(world.hosts.node1);
    const files = found['files']?.filter((line) => !/\.(history|json|yaml)$/.test(line)) ?? [];
    return { ...found, files };
  }

  async function applied(text: string, ...options: readonly string[]): Promise<HostDump> {
    await world.hosts.node1.files.replace(filePath, text);
    await run('apply', '--yes', ...options);
    return dump();
  }

  /** Simulates a reboot: kernel state is lost, and the boot id changes. */
  async function restart(): Promise<void> {
    const script = `nft flush ruleset
while ip rule delete protocol 136; do :; done 2>/dev/null
ip route flush table 2184; ip route flush table 300; echo 0 >/proc/sys/net/ipv4/ip_forward
uuid=$(cat /proc/sys/kernel/random/uuid); echo $uuid >/run/boot_id; mount --bind /run/boot_id ${bootId}`;
    await world.hosts.node1.run(['sh', '-c', script]);
  }

  it('goes back one apply, then another one, and then reports that there is none', async () => {
    const before = await applied(first);
    await applied(second);
    const said = await run('rollback', '--yes');
    expect(said).toMatch(/^plan to go back to .*mustredirect\.yaml \(sha256 [0-9a-f]{12}\):/);
    expect(compareDumps(before, await dump())).toEqual([]);
    await run('rollback', '--yes');
    expect(compareDumps(clean, await dump())).toEqual([]);
    expect(await mustredirect(world.hosts.node1, 'rollback', '--yes')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no apply to go back from') as unknown,
    });
  });

  it('goes back only one apply when two run at the same time', async () => {
    await applied(first);
    const before = await applied(second);
    await applied(second.replace('table: 300', 'table: 301'));
    const { exec } = world.hosts.node1;
    // Both have read the previous file, and wait for the lock.
    const holding = exec.run(['sh', '-c', 'exec flock /run/mustredirect/netns-*.lock sleep 3']);
    const two = ['rollback', 'rollback'].map((verb) => mustredirect(world.hosts.node1, verb, '--yes'));
    await holding;
    const [good, late] = (await Promise.all(two)).sort((a, b) => a.exitCode - b.exitCode);
    expect(good?.exitCode).toBe(0);
    expect(late).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('applied, or undone, something meanwhile') as unknown,
    });
    expect(compareDumps(before, await dump())).toEqual([]);
    const { applied: stack } = JSON.parse(await run('history', '--json')) as { applied: { text: string }[] };
    expect(stack.map(({ text }) => text)).toEqual([first, second]);
  });

  it('is in the history, with file, user and changes', async () => {
    await applied(first);
    await applied(second);
    await run('rollback', '--yes');
    const lines = (await run('history')).split('\n').filter((line) => /^\d{4}-/.test(line));
    expect(lines.map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([
      ['apply', 'root'],
      ['apply', 'root'],
      ['rollback', 'root'],
    ]);
    const { entries } = JSON.parse(await run('history', '--json')) as { entries: { changes: string[] }[] };
    expect(entries[1]?.changes.join('\n')).toMatch(/\+ rule 4100: from 10\.89\.4\.0\/24 .*lookup 300/);
    await run('destroy', '--yes');
    expect(await run('history')).toContain('nothing was applied');
  });

  it('asks and shows its plan only on a terminal', async () => {
    await applied(first);
    const before = await dump();
    expect(await mustredirect(world.hosts.node1, 'rollback')).toMatchObject({ exitCode: 2 });
    expect(compareDumps(before, await dump())).toEqual([]);
  });

  it('happens at boot after an unconfirmed run: the guard blocks, and apply --boot goes back', async () => {
    const before = await applied(first);
    await applied(second, '--confirm', '600s');
    await restart();
    const closed = await mustredirect(world.hosts.node1, 'apply', '--boot', '--closed', '--yes');
    expect(closed).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/was applied and undone; what was applied before it/) as unknown,
    });
    expect(await world.hosts.node1.run(['ip', 'rule'])).toMatch(/4200:.*from 10\.89\.4\.0\/24 .*prohibit/);
    expect(await world.hosts.node1.run(['ip', 'rule'])).not.toContain('4100:');
    await run('apply', '--boot', '--yes');
    expect(compareDumps(before, await dump())).toEqual([]);
    // A second reboot does not apply it either.
    await restart();
    await run('apply', '--boot', '--yes');
    expect(compareDumps(before, await dump())).toEqual([]);
  });

  it.each(['journal', 'history', 'json'])(
    'does not stop the guard from blocking when its %s is damaged',
    async (name) => {
      await applied(first);
      await restart();
      const { exec } = world.hosts.node1;
      await exec.run([
        'sh',
        '-c',
        `cp -a /var/lib/mustredirect /run/saved; echo damaged >"$(ls /var/lib/mustredirect/*.json | sed s/json$/${name}/)"`,
      ]);
      await run('apply', '--boot', '--closed', '--yes');
      expect(await world.hosts.node1.run(['ip', 'rule'])).toMatch(/4200:.*from 10\.89\.4\.0\/24 .*prohibit/);
      expect(await world.hosts.node1.run(['nft', 'list', 'ruleset'])).toContain('10.89.4.0/24');
      expect(await world.hosts.node1.run(['sh', '-c', `cat /var/lib/mustredirect/*.${name}`])).toBe(
        'damaged',
      );
      await exec.run(['sh', '-c', 'rm -r /var/lib/mustredirect; mv /run/saved /var/lib/mustredirect']);
    },
  );

  it('blocks again while a run waits for confirmation, which can still be undone', async () => {
    const before = await applied(first);
    await applied(second, '--confirm', '600s');
    await world.hosts.node1.run(['nft', 'flush', 'ruleset']);
    await run('apply', '--boot', '--closed', '--yes');
    expect(await world.hosts.node1.run(['nft', 'list', 'ruleset'])).toContain('10.89.4.0/24');
    expect(await run('status')).toContain('waits to be confirmed until');
    await run('rollback', '--yes');
    expect(compareDumps(before, await dump())).toEqual([]);
  });

  it('leaves an unconfirmed first apply undone after a reboot', async () => {
    await applied(first, '--confirm', '600s');
    await restart();
    expect(await mustredirect(world.hosts.node1, 'apply', '--boot', '--closed', '--yes')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('nothing was applied before it') as unknown,
    });
    expect(await world.hosts.node1.run(['ip', 'rule'])).not.toContain('4200:');
  });
});
