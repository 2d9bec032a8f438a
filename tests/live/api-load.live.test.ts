/** Clients of the agent's API that behave badly do not hold up its repairs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { ask } from './monitoring/prometheus.ts';
import { mustSucceed, programPath } from './program.ts';
import { waitFor } from './routing/world.ts';
import { createTestWorld } from './test-world.ts';

let world: World;
let agent: Running;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external' });
  await world.containers.createNetwork(network.name, network.subnet);
  await world.containers.start('web', network.name);
  for (const host of [world.hosts.gw1, world.hosts.node1]) {
    await host.files.replace(filePath, exampleFile('external'));
    await mustSucceed(host, 'apply', '--yes');
  }
  agent = await world.hosts.node1.background.start(
    endingWithStdin([programPath, 'agent', '--listen', '9479']),
  );
  await waitFor('the agent', async () => (await health()) === 200);
});
afterAll(async () => {
  await agent?.stop();
  await world?.down();
});

const url = (path: string): string => `http://127.0.0.1:9479/${path}`;

async function health(): Promise<number> {
  return (await ask(world.hosts.node1, url('healthz'))).status;
}

interface Status {
  readonly repairs: number;
  readonly lastRepair?: { readonly took: number };
}

/** Over the unix socket, as `mustredirect status` does. */
async function statusNow(): Promise<Status> {
  const { agent: found } = JSON.parse(await mustSucceed(world.hosts.node1, 'status', '--json')) as {
    readonly agent: Status;
  };
  return found;
}

/** Milliseconds of some repairs, each of a rule that was removed. */
async function repairs(count: number): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const before = (await statusNow()).repairs;
    await world.hosts.node1.run(['ip', 'rule', 'delete', 'preference', '4100']);
    await waitFor('a repair', async () => (await statusNow()).repairs > before);
    took.push((await statusNow()).lastRepair?.took ?? NaN);
  }
  return took.sort((a, b) => a - b);
}

/** 1,000 clients of /events that never read, 100 that ask for /metrics without reading, 100 that never end their request. */
const clients = `
const { connect } = require('node:net');
const open = (text) => {
  const socket = connect(9479, '127.0.0.1');
  socket.pause();
  socket.on('error', () => {}).on('close', () => setTimeout(() => open(text), 500)).on('connect', () => socket.write(text));
};
const end = ' HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n';
for (let i = 0; i < 1000; i += 1) open('GET /events' + end + '\\r\\n');
for (let i = 0; i < 100; i += 1) open('GET /metrics' + end + '\\r\\n');
for (let i = 0; i < 100; i += 1) open('GET /status' + end + 'X: ' + 'x'.repeat(7000));
setInterval(() => console.log('open'), 1000);
`;

it('repairs as quickly with 1,200 clients that do not read', async () => {
  const { node1 } = world.hosts;
  const alone = await repairs(7);
  const running = await node1.background.start(endingWithStdin([process.execPath, '-e', clients]));
  await waitFor('the clients', () => Promise.resolve(running.output().stdout.includes('open\nopen')));
  const crowded = await repairs(7);
  expect(running.ended()).toBe(false);
  // Some of them were refused, and the agent has stayed small.
  await running.stop();
  let metrics = '';
  await waitFor('an answer', async () => {
    const answer = await ask(node1, url('metrics'));
    metrics = answer.body;
    return answer.status === 200;
  });
  const valueOf = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  expect(valueOf('mustredirect_api_refused_total{reason="connections"}')).toBeGreaterThan(1000);
  expect(valueOf('mustredirect_agent_resident_memory_bytes')).toBeLessThan(200e6);
  const [median, worst] = [alone[3] ?? NaN, crowded.at(-1) ?? NaN];
  // Both share the processors of this machine with 1,200 busy clients.
  expect({ median, worst, quick: worst < Math.max(1000, median * 5) }).toMatchObject({ quick: true });
});
