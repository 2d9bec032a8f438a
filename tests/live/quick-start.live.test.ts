/** Quick start of the README, line by line, on two test hosts. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import { addresses } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');

/** Code blocks after a comment with this text. */
function blocksBelow(comment: string): string[] {
  const found = readme.matchAll(new RegExp(`<!-- ${comment} -->\\n\\n\`\`\`\\w*\\n([^]*?)\`\`\``, 'g'));
  return [...found].map(([, text = '']) => text);
}

const [engine = 'podman-netavark'] = (await podmanEngines()).toReversed();

describe('the quick start', () => {
  let world: World;

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    const [text = ''] = blocksBelow('file');
    // Readers replace this device by their own.
    const file = text.replace('{ device: wg0 }', `{ device: uplink0, via: ${addresses.upstream} }`);
    for (const host of [world.hosts.node1, world.hosts.gw1]) await host.files.replace(filePath, file);
  });
  afterAll(() => world?.down());

  it('configures the gateway, then the node', async () => {
    const [gateway = ''] = blocksBelow('on the gateway');
    const [node = ''] = blocksBelow('on the node');
    await runLines('gw1', gateway);
    await runLines('node1', node);
    expect(await mustSucceed(world.hosts.node1, 'plan')).toContain('nothing to do');
  });

  it('redirects a container that is started in the network, which verify confirms', async () => {
    const upstream = await world.capture('upstream', 'gw1', 'icmp');
    // The node resolves the name itself.
    const isp = await world.capture('isp', 'eth0', 'icmp[icmptype] == icmp-echo');
    await world.containers.start('c1', 'web');
    const [, check = ''] = blocksBelow('on the node');
    const said = await runLines('node1', check);
    expect(said).toMatch(/^ +ok +source .*10\.89\.4\.2/m);
    expect(said).toMatch(/^ +ok +reach/m);
    expect(said).toContain('mustredirect-guard.service');
    expect((await upstream.stop()).map(({ source }) => source)).toContain(addresses.uplink);
    expect(await isp.stop()).toEqual([]);
    await world.containers.remove('c1');
  });

  it('is removed by destroy, on the node first', async () => {
    for (const host of ['node1', 'gw1'] as const) {
      expect(await mustSucceed(world.hosts[host], 'destroy', '--yes')).toContain('done');
    }
  });

  async function runLines(host: 'node1' | 'gw1', lines: string): Promise<string> {
    const said: string[] = [];
    for (const line of lines.trim().split('\n')) said.push(await runLine(host, line));
    return said.join('\n');
  }

  /** Adds --yes, and skips units, since those of a test host would belong to the machine. */
  async function runLine(host: 'node1' | 'gw1', line: string): Promise<string> {
    const [sudo, program, command = '', ...options] = line.replace('1.1.1.1', addresses.internet).split(' ');
    expect([sudo, program]).toEqual(['sudo', 'mustredirect']);
    const more = { apply: ['--yes'], install: ['--dry-run'] }[command] ?? [];
    return mustSucceed(world.hosts[host], command, ...options, ...more);
  }
});
