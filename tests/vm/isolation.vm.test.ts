/** The virtual machine itself: what runs inside reaches nothing outside. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { thisMachine } from '../../src/lab/world.ts';

const { exec } = thisMachine();

describe('the virtual machine', () => {
  it('writes to its own memory, and not to the files of the machine below it', async () => {
    const below = mkdtempSync(join(tmpdir(), 'below-'));
    expect(await exec.run(['mount', '-t', 'virtiofs', 'host', below])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(below)).toContain('etc');
    expect((await exec.run(['touch', '/etc/of-the-virtual-machine'])).exitCode).toBe(0);
    expect(readdirSync(join(below, 'etc'))).not.toContain('of-the-virtual-machine');
    const { exitCode, stderr } = await exec.run(['touch', join(below, 'etc/of-the-virtual-machine')]);
    expect({ exitCode, readOnly: stderr.includes('Read-only file system') }).toEqual({
      exitCode: 1,
      readOnly: true,
    });
    await exec.run(['umount', below]);
  });

  it('has no network device that leads out', () => {
    const devices = readdirSync('/sys/class/net').filter(
      (name) => !/^(lo|gre|gretap|erspan|tunl|sit|ip6tnl|ip6gre)\d*$/.test(name),
    );
    expect(devices).toEqual([]);
  });
});
