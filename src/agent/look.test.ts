import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { givenRuns, recordedCaller } from '../../tests/given/runs.ts';
import { readHistory } from '../apply/history.ts';
import { createHostMemory } from './host-memory.ts';
import { createLook } from './look.ts';

const file = '/etc/mustredirect/mustredirect.yaml';
const text = (member: string): string => `
version: 1
hosts: { here: 192.168.50.10, gw1: ${member} }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`;
const [near, other] = [text('192.168.50.2'), text('192.168.50.3')];

const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };

const { places, contextOf, apply, destroy } = givenRuns();

/** A host where `near` is applied and its rules were removed by somebody, and a function that looks at it. */
async function damagedHost() {
  const host = createFakeHost({ links: [link] });
  const look = await appliedOn(host, near);
  host.state.rules = [];
  return { host, look };
}

/** Applies a file. @returns a function that looks at the host */
async function appliedOn(host: FakeHost, applied: string, view?: Parameters<typeof createLook>[0]['view']) {
  expect(await apply(host, applied)).toMatchObject({ status: 0 });
  host.state.files = new Map([...host.state.files, [file, applied]]);
  const context = contextOf(host);
  let time = 0;
  return createLook({
    context,
    caller: recordedCaller(),
    file,
    host: 'here',
    // A file that has changed has always settled.
    now: () => (time += 10_000),
    later() {},
    onLook() {},
    ...(view ? { view } : {}),
  });
}

it('a look finds what was removed, and its repair brings it back', async () => {
  const { host, look } = await damagedHost();
  const reading = await look();
  expect(reading).toMatchObject({ kind: 'differs', what: expect.stringContaining('+ rule') as unknown });
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
  expect(host.state.rules).not.toEqual([]);
  expect(await look()).toEqual({ kind: 'rest' });
});

it('a repair changes nothing when `destroy` came after the look', async () => {
  const { host, look } = await damagedHost();
  const reading = await look();
  expect(await destroy(host)).toMatchObject({ status: 0 });
  const before = host.dump();
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(false);
  expect(host.dump()).toBe(before);
});

it('a repair changes nothing when another file was applied after the look', async () => {
  const { host, look } = await damagedHost();
  const reading = await look();
  expect(await apply(host, other)).toMatchObject({ status: 0 });
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(false);
  const { applied } = await readHistory(host.files, places.history);
  expect(applied.at(-1)?.text).toBe(other);
});

it('a repair reads the host again when a run that has left no entry has changed the ledger', async () => {
  const { host, look } = await damagedHost();
  const reading = await look();
  const reads = (): number => host.events.filter(({ what }) => what.includes('list chains')).length;
  const before = reads();
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
  // After the steps only.
  expect(reads() - before).toBe(1);
  host.state.rules = [];
  const second = await look();
  await host.files.remove(places.ledger);
  const from = reads();
  expect(second.kind === 'differs' && (await second.repair())).toBe(true);
  expect(reads() - from).toBe(2);
});

it('a repair reads back what its steps have changed, and recalls the rest', async () => {
  const host = createFakeHost({ links: [link] });
  const memory = createHostMemory();
  const view = { memory, forget: memory.forget, waitForEngines() {}, silentEngines: () => [] };
  const look = await appliedOn(host, near, view);
  const readsOf = (what: string): number =>
    host.events.filter((event) => `${event.what} ${event.input}`.includes(what)).length;
  const reads = () => ({
    rules: readsOf('rule show'),
    routes: readsOf('route show'),
    nft: readsOf('list table'),
  });
  await look();
  const first = reads();
  memory.forget(['rules']);
  await look();
  const before = reads();
  const each = before.rules - first.rules;
  host.state.rules = [];
  memory.forget(['rules']);
  const reading = await look();
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
  expect(host.state.rules).not.toEqual([]);
  // One look, which reads once more what closes, and one read after the steps.
  expect(each).toBeGreaterThan(0);
  expect(reads()).toEqual({
    rules: before.rules + 2 * each,
    routes: first.routes + (first.routes / first.rules) * each,
    nft: first.nft + 1,
  });
  host.state.rules = [];
  // Of the repair's own changes, no event has come yet.
  expect(await look()).toMatchObject({ kind: 'differs' });
});

it('a rule comes back with the table that went with it, of which no event has told yet', async () => {
  const host = createFakeHost({ links: [link] });
  const memory = createHostMemory();
  const view = { memory, forget: memory.forget, waitForEngines() {}, silentEngines: () => [] };
  const look = await appliedOn(host, near, view);
  await look();
  host.state.rules = [];
  await host.exec.run(['nft', '-f', '-'], { input: 'delete table inet mustredirect\n' });
  memory.forget(['rules']);
  expect(await look()).toMatchObject({
    what: expect.stringContaining('+ nft table inet mustredirect') as string,
  });
});

describe('a network that its engine no longer has', () => {
  const ofDocker = near.replace('engine: external', 'engine: docker');
  const docker = { version: '26.1.5', networks: [], containers: [] };
  const gone = 'network web is gone: make it anew by docker, or by `mustredirect apply`';

  it('is not made by a look, which would be in the way of somebody who makes it anew', async () => {
    const host = createFakeHost({ links: [link], docker });
    const look = await appliedOn(host, ofDocker);
    expect(await look()).toEqual({ kind: 'rest' });
    host.state.docker = docker;
    expect(await look()).toEqual({ kind: 'rest', reports: [{ text: gone }] });
    host.state.docker = { ...docker, networks: [{ name: 'web', subnets: ['10.89.4.0/24'] }] };
    expect(await look()).not.toHaveProperty('reports');
  });

  it('is no obstacle to a repair', async () => {
    const host = createFakeHost({ links: [link], docker });
    const look = await appliedOn(host, ofDocker);
    host.state.docker = docker;
    host.state.rules = [];
    const reading = await look();
    expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
    expect(host.state.docker?.networks).toEqual([]);
    expect(await look()).toEqual({ kind: 'rest', reports: [{ text: gone }] });
  });

  it('is made when the file has changed', async () => {
    const host = createFakeHost({ links: [link], docker });
    const look = await appliedOn(host, near);
    host.state.files = new Map([...host.state.files, [file, ofDocker]]);
    const reading = await look();
    expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
    expect(host.state.docker?.networks).toMatchObject([{ name: 'web' }]);
  });
});

function write(host: FakeHost, path: string, written: string): void {
  host.state.files = new Map([...host.state.files, [path, written]]);
}

it('a file that no longer names this host is not taken', async () => {
  const { host, look } = await damagedHost();
  write(host, file, near.replaceAll('here', 'her'));
  const problem = `${file}: host here, which this agent holds, is not in the file`;
  const reading = await look();
  expect(reading).toMatchObject({
    kind: 'differs',
    problem,
    what: expect.stringContaining('+ rule') as unknown,
  });
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
  expect(await look()).toEqual({ kind: 'rest', problem });
});

it('a changed file that is refused leaves the applied one in force, which is repaired', async () => {
  const { host, look } = await damagedHost();
  const foreign = {
    destination: '192.0.2.0/24',
    device: 'eth0',
    type: 'unicast',
    metric: 0,
    protocol: 3,
  } as const;
  host.state.routes = [...host.state.routes, { ...foreign, table: 500 }];
  write(host, file, near.replace('snat: none', 'snat: none, table: 500'));
  const reading = await look();
  const problem = expect.stringContaining('table 500') as unknown;
  expect(reading).toMatchObject({ kind: 'differs', problem });
  expect(reading.kind === 'differs' && (await reading.repair())).toBe(true);
  expect(await look()).toMatchObject({ kind: 'rest', problem });
});
