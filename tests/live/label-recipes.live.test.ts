/** The files of docs/guides/label.md as they are printed there, with real docker-compose, and Quadlet's generator and podman of Debian 13. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { image } from '../../src/lab/containers/engine-containers.ts';
import { addresses } from '../../src/lab/layout.ts';
import { observe } from '../../src/lab/observe.ts';
import type { World } from '../../src/lab/world.ts';
import { blocksOf, read } from '../pages/pages.ts';
import { createDebian13World } from './debian-13.ts';
import { mustSucceed, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

const blocks = blocksOf(read('docs/guides/label.md'));
const inLanguage = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);
const [file = '', compose = ''] = inLanguage('yaml');
const [networkUnit = '', containerUnit = ''] = inLanguage('ini');

/** milliseconds, on a busy machine */
const patience = 60_000;
let world: World | undefined;
let agent: Running | undefined;

afterEach(async () => {
  await agent?.stop();
  await world?.down();
  agent = world = undefined;
});
afterAll(() => world?.down());

/** Applies the file of the page, with the uplink of the lab, and starts the agent. */
async function begin({ hosts: { node1, gw1 } }: World): Promise<void> {
  const text = file.replace('{ device: wg0 }', `{ device: uplink0, via: ${addresses.upstream} }`);
  for (const host of [gw1, node1]) {
    await host.files.replace(filePath, text);
    await mustSucceed(host, 'apply', '--yes');
  }
  const running = await node1.background.start(endingWithStdin([programPath, 'agent']));
  agent = running;
  expect(await waitUntil(() => running.output().stderr.includes('holds '), patience)).toBe(true);
}

async function rulesCome({ hosts: { node1 } }: World, subnet: string, present: boolean): Promise<boolean> {
  return waitUntil(
    async () => (await node1.run(['ip', 'rule'])).includes(`from ${subnet}`) === present,
    patience,
  );
}

async function expectRedirected(lab: World, name: string, network: string): Promise<void> {
  const own = await lab.containers.addresses(name, network);
  const { isp, replies, gatewayLan } = await observe(lab, [{ name, addresses: own }], 4);
  expect(isp).toEqual([]);
  expect(replies).toEqual([`upstream saw ${addresses.uplink}`]);
  expect(gatewayLan.map(({ source }) => source)).toContain(own[0]);
}

describe('the recipe', () => {
  it('for Compose: `up` has the network redirected, and `down` takes the redirect away', async () => {
    const lab = await createTestWorld({ engine: 'docker' });
    world = lab;
    const { node1 } = lab.hosts;
    await begin(lab);
    await node1.files.replace('/run/lab/compose.yaml', compose.replace('localhost/app', image));
    const more = 'services: { app: { command: sleep 100000, container_name: app } }\n';
    await node1.files.replace('/run/lab/more.yaml', more);
    const argv = ['docker-compose', '-p', 'lab', '-f', '/run/lab/compose.yaml', '-f', '/run/lab/more.yaml'];
    const up = await node1.exec.run([...argv, 'up', '-d'], { timeout: patience });
    expect(up).toMatchObject({ exitCode: 0 });
    expect(await rulesCome(lab, '10.89.20.0/24', true)).toBe(true);
    await expectRedirected(lab, 'app', 'lab_app');
    const down = await node1.exec.run([...argv, 'down', '-t', '0'], { timeout: patience });
    expect(down).toMatchObject({ exitCode: 0 });
    expect(await rulesCome(lab, '10.89.20.0/24', false)).toBe(true);
  });

  it('for Quadlet: the network that its generator has podman create is redirected', async () => {
    const lab = await createDebian13World();
    world = lab;
    const { node1 } = lab.hosts;
    await begin(lab);
    await node1.files.replace('/etc/containers/systemd/app.network', networkUnit);
    await node1.files.replace('/etc/containers/systemd/app.container', containerUnit);
    const units = await node1.run(['/usr/libexec/podman/quadlet', '-dryrun']);
    const starts = [...units.matchAll(/^ExecStart=(.*)$/gm)].map(([, command = '']) => command);
    const create = starts.find((command) => command.includes('network create')) ?? '';
    expect(create).toContain('--label mustredirect.via=office');
    expect(starts.find((command) => command.includes(' run '))).toContain('--network app');
    await node1.run(['sh', '-c', create]);
    expect(await rulesCome(lab, '10.89.21.0/24', true)).toBe(true);
    await lab.containers.start('app', 'app');
    await expectRedirected(lab, 'app', 'app');
  });
});
