/** The flow log of a gateway: flows whose tuples are known are all found, and what the kernel drops is counted. */
import type * as dgram from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, FoundFlow } from '../../src/agent/flow-log/answer.ts';
import type { FlowLogStatus } from '../../src/agent/flow-log/gateway-log.ts';
import { type Family, families, familyOf } from '../../src/address/cidr.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import type { Running } from '../../src/host/ports.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

/** Node's `require` */
type Load = (module: string) => unknown;

let world: World;
let agent: Running;

const write = (snat: string): Promise<void> => {
  const file = `${exampleFile('external', { families, snat })}    log: flows\n`;
  return world.hosts.gw1.files.replace(filePath, file);
};

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external', families });
  await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
  for (const name of ['web', 'shop']) await world.containers.start(name, network.name);
  const { gw1, node1, upstream } = world.hosts;
  await node1.files.replace(filePath, exampleFile('external', { families }));
  await write('masquerade');
  for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
  // Otherwise it answers that nobody listens.
  await upstream.run([
    'nft',
    'add table inet f; add chain inet f c { type filter hook input priority -400; }; add rule inet f c udp dport 20000-65000 drop',
  ]);
  agent = await startAgent();
  await untilLogged();
});
afterAll(async () => {
  await agent?.stop();
  await world?.down();
});

const startAgent = (): Promise<Running> =>
  world.hosts.gw1.background.start(endingWithStdin([programPath, 'agent']));

async function statusOfLog(): Promise<FlowLogStatus & { readonly problem?: string }> {
  const { agent: running } = JSON.parse(await mustSucceed(world.hosts.gw1, 'status', '--json')) as {
    readonly agent?: { readonly flowLogs: readonly FlowLogStatus[] };
  };
  const [log] = running?.flowLogs ?? [];
  return (
    log ?? { gateway: '', folder: '', flows: 0, dropped: 0, unwritten: 0, bytes: 0, problem: 'none yet' }
  );
}

async function untilLogged(): Promise<void> {
  const runs = async (): Promise<boolean> => (await statusOfLog()).problem === undefined;
  if (!(await waitUntil(runs, 60_000))) throw new Error(`no flow log:\n${agent.output().stderr}`);
}

/** Waits until as many flows have been logged, or counted as dropped, as have ended since. */
async function untilCounted(before: FlowLogStatus, ended: number): Promise<FlowLogStatus> {
  let now = before;
  const isDone = async (): Promise<boolean> => {
    now = await statusOfLog();
    return now.flows - before.flows + now.dropped - before.dropped >= ended;
  };
  await waitUntil(isDone, 60_000);
  return now;
}

interface Sent {
  readonly address: string;
  readonly from: number;
  readonly first: number;
  readonly count: number;
  /** datagrams a second */
  readonly rate: number;
  readonly length: number;
}

/** Sends one datagram from one port to each of some ports; Node runs the text of this function. */
function sendToPorts(load: Load, { address, from, first, count, rate, length }: Sent): void {
  const { createSocket } = load('node:dgram') as typeof dgram;
  const udp = createSocket(address.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  udp.bind(from, () => {
    const begin = performance.now();
    let sent = 0;
    let confirmed = 0;
    const sendDue = (): void => {
      const due = Math.min(count, ((performance.now() - begin) * rate) / 1000);
      for (; sent < due; sent += 1)
        udp.send('x'.repeat(length), first + sent, address, () => {
          confirmed += 1;
          if (confirmed === count) udp.close();
        });
      if (sent < count) setImmediate(sendDue);
    };
    sendDue();
  });
}

async function send(container: string, options: Sent): Promise<void> {
  const text = `(${sendToPorts.toString()})(require, ${JSON.stringify(options)})`;
  await world.hosts.node1.run(inNetwork(`/run/netns/${container}`, [process.execPath, '-e', text]), {
    timeout: 120_000,
  });
}

const firstPort = 20_000;
const sourcePort = 5000;
const containers = [
  { name: 'web', last: 2, length: 1 },
  { name: 'shop', last: 3, length: 2 },
] as const;

/** The same source ports to the same ports: the masquerade has to choose others for the second container. */
async function sendKnown(count: number): Promise<readonly Packet[]> {
  const filter = `udp and dst portrange ${firstPort}-65000`;
  const capture = await world.capture('gw1', 'uplink0', filter);
  for (const { name, length } of containers)
    for (const family of families) {
      const address = addressesOf(family).internet;
      await send(name, { address, from: sourcePort, first: firstPort, count, rate: 5000, length });
    }
  const isWhole = async (): Promise<boolean> => (await capture.packets()).length >= 4 * count;
  await waitUntil(isWhole, 30_000);
  return capture.stop();
}

const containerAddress = (family: Family, last: number): string =>
  (family === 4 ? network.subnet : network.subnet6).replace(family === 4 ? /\d+\/24$/ : /\/64$/, `${last}`);

/** A flow as one text: who, to where, seen as what, how much. */
function knownFlow(packet: Packet): string {
  const family = familyOf(packet.source);
  const headers = family === 4 ? 28 : 48;
  const container = containers.find(({ length }) => length === packet.length - headers);
  const who = containerAddress(family, container?.last ?? 0);
  const to = `${packet.destination} ${packet.destinationPort}`;
  return `${who} ${sourcePort} to ${to} as ${packet.source} ${packet.sourcePort}, ${packet.length} B`;
}

function loggedFlow({ original, translated, sent }: FoundFlow): string {
  const to = `${original.destination} ${original.destinationPort}`;
  const seen = `${translated.source} ${translated.sourcePort}`;
  return `${original.source} ${original.sourcePort} to ${to} as ${seen}, ${sent?.bytes} B`;
}

async function ask(...question: readonly string[]): Promise<Answer> {
  return JSON.parse(await mustSucceed(world.hosts.gw1, 'flows', '--json', ...question)) as Answer;
}

const forget = async (): Promise<unknown> => world.hosts.gw1.run(['conntrack', '-F']);
const living = async (): Promise<number> => Number(await world.hosts.gw1.run(['conntrack', '-C']));

/** Sends flows, ends them, and compares what was seen upstream with what the log says. */
async function compareAll(
  count: number,
): Promise<{ readonly seen: readonly Packet[]; readonly found: Answer }> {
  await forget();
  const since = new Date().toISOString();
  const before = await statusOfLog();
  const seen = await sendKnown(count);
  expect(seen).toHaveLength(4 * count);
  await forget();
  await untilCounted(before, 4 * count);
  const found = await ask('--protocol', 'udp', '--since', since);
  const known = new Set(seen.map(knownFlow));
  const logged = found.flows.map(loggedFlow);
  expect(logged.filter((flow) => !known.has(flow))).toEqual([]);
  expect(new Set(logged).size).toBe(4 * count);
  expect(logged).toHaveLength(4 * count);
  expect(found).toMatchObject({ gaps: [], problems: [] });
  return { seen, found };
}

it('finds 10,000 flows with known tuples of both families, and no other', async () => {
  const { seen, found } = await compareAll(2500);
  expect(seen.some((packet) => packet.sourcePort !== sourcePort)).toBe(true);
  for (const flow of found.flows) {
    expect(flow).toMatchObject({ network: network.name, node: 'node1', received: { packets: 0, bytes: 0 } });
    expect(Date.parse(flow.end ?? '')).toBeGreaterThanOrEqual(Date.parse(flow.begin ?? ''));
  }
  // Who was it?
  for (const packet of seen.filter((_, index) => index % 1000 === 0)) {
    const port = ['--address', packet.source, '--port', `${packet.sourcePort}`];
    const { flows } = await ask(
      ...port,
      '--to',
      packet.destination,
      '--at',
      new Date().toISOString().slice(0, 10),
    );
    const one = flows.find(({ original }) => original.destinationPort === packet.destinationPort);
    expect(one && loggedFlow(one)).toBe(knownFlow(packet));
  }
});

it('answers people', async () => {
  const [packet] = await sendKnown(1);
  const question = [
    '--address',
    packet?.source ?? '',
    '--port',
    `${packet?.sourcePort}`,
    '--to',
    packet?.destination ?? '',
  ];
  const text = await mustSucceed(
    world.hosts.gw1,
    'flows',
    ...question,
    '--since',
    new Date(Date.now() - 10_000).toISOString(),
  );
  expect(text).toMatch(/^begin +end +protocol +container +network/);
  expect(text).toMatch(/lives +udp +10\.89\.4\.\d:5000 +mustredirect on node1/);
  expect(await mustSucceed(world.hosts.gw1, 'flows', '--address', '192.0.2.77')).toMatch(
    /^no flow\nnote: gateway office: flows before \S+ may be missing: the log begins then$/,
  );
  expect(await mustredirect(world.hosts.gw1, 'flows', '--gateway', 'other')).toMatchObject({ exitCode: 4 });
});

describe('at 20,000 new flows a second', () => {
  /** Returns the number of flows that conntrack has then. */
  const burst = async (from: number): Promise<number> => {
    const address = addressesOf(4).internet;
    await send('web', { address, from, first: firstPort, count: 40_000, rate: 20_000, length: 1 });
    return living();
  };

  it('what is found and what is counted as dropped are all', async () => {
    await forget();
    const before = await statusOfLog();
    const ended = await burst(6000);
    await forget();
    const now = await untilCounted(before, ended);
    expect(ended).toBeGreaterThanOrEqual(40_000);
    expect(now.flows - before.flows + now.dropped - before.dropped).toBe(ended);
    expect(now.flows).toBeGreaterThan(before.flows);
  });

  it('so they are when nobody reads for a while', async () => {
    await forget();
    const before = await statusOfLog();
    const reader = await readerOfEvents();
    await world.hosts.gw1.run(['kill', '-STOP', reader]);
    let ended = 0;
    try {
      await burst(6000);
      ended = await burst(6001);
      expect(ended).toBeGreaterThanOrEqual(80_000);
      await forget();
    } finally {
      await world.hosts.gw1.run(['kill', '-CONT', reader]);
    }
    const now = await untilCounted(before, ended);
    expect(now.dropped - before.dropped).toBeGreaterThan(10_000);
    expect(now.flows - before.flows + now.dropped - before.dropped).toBe(ended);
    const { gaps } = await ask('--at', new Date().toISOString().slice(0, 10), '--port', '1');
    expect(gaps.some(({ dropped = 0 }) => dropped > 10_000)).toBe(true);
    expect(await mustSucceed(world.hosts.gw1, 'status')).toMatch(
      /flow log: office: \d+ flows .* dropped by the kernel/,
    );
    expect(agent.output().stderr).toContain('the kernel has dropped');
  });
});

/** Process of the agent that passes on events: gw1 has process numbers of its own. */
async function readerOfEvents(): Promise<string> {
  const found = await world.hosts.gw1.run(['pgrep', '-f', '^socat -u .*SOCKET-RECV:16:3:12']);
  expect(found).toMatch(/^\d+$/);
  return found;
}

it('knows flows that live after a restart of the agent, says the gap, and hears of their ends', async () => {
  await forget();
  const [packet] = await sendKnown(1);
  const question = [
    '--address',
    packet?.source ?? '',
    '--port',
    `${packet?.sourcePort}`,
    '--to',
    packet?.destination ?? '',
  ];
  const since = ['--since', new Date(Date.now() - 10_000).toISOString()];
  await agent.stop();
  const meanwhile = await ask(...question, ...since);
  expect(meanwhile.flows.map(({ lives }) => lives)).toEqual([true]);
  expect(meanwhile.gaps.map(({ why }) => why)).toContain('no agent runs');
  agent = await startAgent();
  await untilLogged();
  await forget();
  const isEnded = async (): Promise<boolean> =>
    (await ask(...question, ...since)).flows.every(({ end }) => end !== undefined);
  expect(await waitUntil(isEnded, 30_000)).toBe(true);
  const { flows, gaps } = await ask(...question, ...since);
  expect(flows).toHaveLength(1);
  expect(gaps.map(({ why }) => why)).toContain('no agent has logged');
});

it('counts what a full disk does not take, and goes on when it has room', async () => {
  const { gw1 } = world.hosts;
  const { folder } = await statusOfLog();
  await agent.stop();
  await gw1.run(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=700', 'full', folder]);
  await gw1.run(['dd', 'if=/dev/zero', `of=${folder}/other`, 'bs=1k', 'count=252', 'status=none']);
  agent = await startAgent();
  await untilLogged();
  await forget();
  await sendKnown(20);
  await forget();
  const isFull = async (): Promise<boolean> => (await statusOfLog()).problem?.includes('ENOSPC') ?? false;
  expect(await waitUntil(isFull, 30_000)).toBe(true);
  const { unwritten } = await statusOfLog();
  expect(unwritten).toBeGreaterThan(0);
  await gw1.run(['rm', `${folder}/other`]);
  await forget();
  await sendKnown(1);
  await forget();
  const isBack = async (): Promise<boolean> => (await statusOfLog()).problem === undefined;
  expect(await waitUntil(isBack, 30_000)).toBe(true);
  const { gaps } = await ask('--port', '1');
  const counted = gaps.reduce((total, gap) => total + (gap.unwritten ?? 0), 0);
  expect(counted).toBe((await statusOfLog()).unwritten);
  await agent.stop();
  await gw1.run(['umount', folder]);
  agent = await startAgent();
  await untilLogged();
});

it('without source NAT the address is the same on both sides', async () => {
  await write('none');
  await mustSucceed(world.hosts.gw1, 'apply', '--yes');
  await untilLogged();
  const { found } = await compareAll(250);
  for (const { original, translated } of found.flows) expect(translated).toEqual(original);
});

it("is root's alone, and goes on from the settings of conntrack, which destroy gives back", async () => {
  const { gw1 } = world.hosts;
  const { folder } = await statusOfLog();
  expect(await gw1.run(['stat', '-c', '%a %U', folder, `${folder}/current.jsonl`])).toBe(
    '700 root\n600 root',
  );
  const settings = ['acct', 'timestamp', 'events'].map(
    (name) => `/proc/sys/net/netfilter/nf_conntrack_${name}`,
  );
  expect(await gw1.run(['cat', ...settings])).toBe('1\n1\n1');
  await agent.stop();
  await mustSucceed(world.hosts.node1, 'destroy', '--yes');
  await mustSucceed(gw1, 'destroy', '--yes');
  expect(await gw1.run(['cat', ...settings])).toBe('0\n0\n2');
  // The log stays.
  expect(await gw1.run(['ls', folder])).toContain('current.jsonl');
});
