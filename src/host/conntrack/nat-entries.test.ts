import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countNat } from './nat-entries.ts';
import type { Exec } from '../ports.ts';

/** Output of conntrack 1.4.7, with accounting in the first line. */
const recorded = fileURLToPath(new URL('fixtures/source-nat.txt', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nat-entries-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the real programs, and a conntrack that is a shell script. */
async function withConntrack(script: string): Promise<Exec> {
  const path = join(folder, 'conntrack');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return { run: (argv) => runWith(`${folder}:/usr/bin:/bin`, argv) };
}

function runWith(path: string, [program = '', ...args]: readonly string[]): ReturnType<Exec['run']> {
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: path } }, (error, stdout, stderr) => {
      resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('countNat', () => {
  it('counts entries, ports and the busiest destination of each egress address and protocol', async () => {
    const exec = await withConntrack(`[ "$*" = '-L -f ipv4' ] && cat ${recorded}`);
    const counts = await countNat(exec, 4, ['198.51.100.6', '2001:db8::6']);
    expect(counts.toSorted((a, b) => a.protocol.localeCompare(b.protocol))).toEqual([
      { address: '198.51.100.6', protocol: 'icmp', entries: 1, ports: 0, busiest: 0 },
      { address: '198.51.100.6', protocol: 'tcp', entries: 3, ports: 2, busiest: 2 },
      { address: '198.51.100.6', protocol: 'unknown', entries: 1, ports: 0, busiest: 0 },
    ]);
  });

  it('counts no connection of another address, nor of the host itself', async () => {
    const exec = await withConntrack(`cat ${recorded}`);
    expect(await countNat(exec, 4, ['203.0.113.10', '10.88.0.2'])).toEqual([]);
  });

  it('does not run without an address of the family', async () => {
    const exec = await withConntrack('exit 1');
    expect(await countNat(exec, 6, ['198.51.100.6'])).toEqual([]);
  });

  it('reports a conntrack that fails, instead of counting nothing', async () => {
    const exec = await withConntrack('echo "Operation failed: Operation not permitted" >&2; exit 1');
    await expect(countNat(exec, 4, ['198.51.100.6'])).rejects.toThrow('Operation not permitted');
  });

  it('reports a missing conntrack', async () => {
    const exec: Exec = {
      run: () => Promise.resolve({ exitCode: 1, stdout: '', stderr: 'sh: 1: conntrack: not found' }),
    };
    await expect(countNat(exec, 4, ['198.51.100.6'])).rejects.toMatchObject({ code: 'missing-tool' });
  });
});
