/** Networks that join by their label, on the fake host: what is planned, and where packets go. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../src/explain/doctor.ts';
import { hostStatus } from '../src/explain/status.ts';
import { createEngines } from '../src/engines/index.ts';
import { readLedger } from '../src/host/files/ledger-store.ts';
import { inFile, noRole, prepare } from '../src/inspect/prepare.ts';
import { createFakeHost } from './fake-host/fake-host.ts';
import { fateOf } from './fake-host/packet.ts';
import type { FakeDockerNetwork } from './fake-host/state.ts';
import {
  app,
  defaults,
  fates,
  file,
  labelsOf,
  make,
  newHost,
  read,
  remove,
  send,
  targetOf,
} from './given/labels.ts';
import { applyTo, ledgerPath, planText, specOf } from './scenario/play.ts';

const byIsp = {
  kind: 'leaves',
  table: 254,
  nextHop: expect.stringMatching(/^(192\.168\.50|fd00:50:).1$/) as unknown,
};
const byOffice = {
  kind: 'leaves',
  nextHop: expect.stringMatching(/^(192\.168\.50\.|fd00:50::)2$/) as unknown,
};
const stopped = { kind: 'stopped' };

describe.each([
  ['by source', 0],
  ['by mark', 9],
])('steering %s: a network with a label', (_, more) => {
  it('leaves by the isp before, by its gateway after apply, with its own address, and by the isp when the label is gone', async () => {
    const host = newHost();
    await applyTo(targetOf(host, { more }));
    make(host, app);
    expect(fates(host, app)).toEqual([expect.objectContaining(byIsp), expect.objectContaining(byIsp)]);
    await applyTo(targetOf(host, { more }));
    const after = fates(host, app);
    expect(after).toEqual([expect.objectContaining(byOffice), expect.objectContaining(byOffice)]);
    expect(after.map((fate) => fate.kind === 'leaves' && fate.source)).toEqual(['10.89.4.7', 'fd89:4::7']);
    expect(planText(await read(host, { more }))).toBe('');
    remove(host, app);
    make(host, { name: 'app', subnets: app.subnets, bridge: app.bridge });
    await applyTo(targetOf(host, { more }));
    expect(fates(host, app)).toEqual([expect.objectContaining(byIsp), expect.objectContaining(byIsp)]);
  });

  it('with `unlabelled: block` is closed before it is redirected, and again when its label is gone', async () => {
    const options = { unlabelled: 'block', more } as const;
    const host = newHost();
    await applyTo(targetOf(host, options));
    make(host, app);
    // Nobody has seen its bridge yet.
    expect(fates(host, app)).toEqual([expect.objectContaining(stopped), expect.objectContaining(stopped)]);
    await applyTo(targetOf(host, options));
    expect(fates(host, app)).toEqual([expect.objectContaining(byOffice), expect.objectContaining(byOffice)]);
    expect(planText(await read(host, options))).toBe('');
    remove(host, app);
    make(host, { name: app.name, subnets: app.subnets, bridge: app.bridge });
    // Nobody has seen that the label is gone.
    expect(fates(host, app)).toEqual([expect.objectContaining(byOffice), expect.objectContaining(byOffice)]);
    await applyTo(targetOf(host, options));
    expect(fates(host, app)).toEqual([expect.objectContaining(stopped), expect.objectContaining(stopped)]);
    expect(send(host.state, app.bridge, '192.0.2.66')).toMatchObject(stopped);
  });
});

describe('with `unlabelled: block`', () => {
  const options = { unlabelled: 'block' } as const;

  it('destroy leaves nothing', async () => {
    const [host, untouched] = [newHost(), newHost()];
    await applyTo(targetOf(host, options));
    make(host, app);
    await applyTo(targetOf(host, options));
    await applyTo({ host, engines: createEngines({}), ...noRole });
    make(untouched, app);
    expect(host.dump()).toBe(untouched.dump());
  });

  it('a bridge with one subnet in a pool is closed with all of them, and one outside is left alone', async () => {
    const host = newHost();
    const [half, other] = [
      { name: 'half', subnets: ['10.89.7.0/24', 'fd77::/64'], bridge: 'podman7' },
      { name: 'other', subnets: ['10.77.7.0/24'], bridge: 'podman8' },
    ];
    [half, other].forEach((one) => make(host, one));
    await applyTo(targetOf(host, options));
    expect(fates(host, half)).toEqual([expect.objectContaining(stopped), expect.objectContaining(stopped)]);
    expect(fates(host, other)).toEqual([expect.objectContaining(byIsp)]);
  });

  it('containers of a pool still reach each other and their host', async () => {
    const host = newHost();
    const plain = { name: 'plain', subnets: ['10.89.7.0/24'], bridge: 'podman7' };
    make(host, plain);
    await applyTo(targetOf(host, options));
    const { state } = host;
    const sent = { source: '10.89.7.7', ingress: plain.bridge };
    expect(fateOf(state, { ...sent, destination: '10.89.7.8' })).toMatchObject({ device: plain.bridge });
    expect(fateOf(state, { ...sent, destination: '192.168.50.10' })).toEqual({ kind: 'to-host' });
  });

  it('a pool that this host itself is in is refused', async () => {
    const host = newHost();
    host.state.links = [
      ...host.state.links,
      { name: 'br9', up: true, addresses: ['10.89.200.2/24'], pointToPoint: false },
    ];
    host.state.routes = [
      ...host.state.routes,
      {
        type: 'unicast',
        table: 254,
        destination: 'default',
        metric: 9,
        via: '10.89.200.1',
        device: 'br9',
        protocol: 3,
      },
    ];
    expect((await read(host, options)).desired.refusals).toEqual([
      {
        message: 'pool 10.89.0.0/16: br9 has 10.89.200.2, and leads to other hosts',
        hint: 'narrow the pool to subnets that only containers have, or write `unlabelled: leave`',
      },
    ]);
    expect((await read(host)).desired.refusals).toEqual([]);
  });

  it('early at boot, the pool and all that was redirected are closed, without an engine', async () => {
    const host = newHost();
    make(host, app);
    await applyTo(targetOf(host));
    const { state } = host;
    const booted = createFakeHost({ links: state.links, routes: defaults, files: state.files });
    const ledger = await readLedger(booted.files, ledgerPath);
    const plan = planText(await prepare({ ...targetOf(booted), closed: true }, ledger));
    expect(plan).toContain('+ rule 4200: from 10.89.4.0/24 fwmark 0x0/0x1000 blackhole');
    expect(planText(await prepare({ ...targetOf(booted, options), closed: true }, ledger))).toContain(
      '+ rule 4200: from 10.89.0.0/16 fwmark 0x0/0x1000 prohibit',
    );
  });
});

describe('labels', () => {
  const wrong = { name: 'wrong', subnets: ['10.89.9.0/24'], bridge: 'podman9', gateway: 'ofice' };
  const report =
    'network wrong (podman): its label names gateway "ofice", which the file does not have: not redirected';

  it('that name no gateway stop no other, and are in plan, status and doctor', async () => {
    const host = newHost();
    [app, wrong].forEach((one) => make(host, one));
    await applyTo(targetOf(host));
    const prepared = await read(host);
    expect(planText(prepared)).toBe('');
    expect(fates(host, app)).toEqual([expect.objectContaining(byOffice), expect.objectContaining(byOffice)]);
    const found = { message: report, hint: 'did you mean "office"?', ofLabel: true };
    expect(prepared.plan.warnings).toEqual([found]);
    const status = hostStatus(prepared);
    expect(status.labels).toEqual([found]);
    expect(status.networks).toMatchObject([{ network: 'app', gateway: 'office', byLabel: true }]);
    expect(diagnose(prepared)).toEqual([{ problem: report, remedy: 'did you mean "office"?' }]);
  });

  it('of docker are read, and its bridge is known before a container runs', async () => {
    const host = newHost();
    const network: FakeDockerNetwork = {
      name: 'web',
      subnets: ['10.89.6.0/24'],
      ...labelsOf({ gateway: 'mail' }),
    };
    host.state.docker = { version: '20.10.24', containers: [], networks: [network] };
    await applyTo(targetOf(host));
    const bridge = `br-${Buffer.from('web'.padEnd(32, '.')).toString('hex').slice(0, 12)}`;
    expect(send(host.state, bridge, '10.89.6.7')).toMatchObject({ kind: 'leaves', nextHop: '192.168.50.3' });
  });

  it('keep the tables and marks of gateways, whichever networks come and go', async () => {
    const host = newHost();
    await applyTo(targetOf(host));
    const numbers = async () => (await read(host)).desired.numbers;
    const before = await numbers();
    expect(Object.keys(before.gateways)).toEqual(['office', 'mail']);
    make(host, { ...app, gateway: 'mail' });
    await applyTo(targetOf(host));
    expect(await numbers()).toEqual(before);
    remove(host, app);
    await applyTo(targetOf(host));
    expect(await numbers()).toEqual(before);
  });

  it('of an engine that fails keep what they redirect, closed', async () => {
    const host = newHost();
    make(host, app);
    await applyTo(targetOf(host));
    host.failWhen(({ what }) => (what.startsWith('podman') ? { kind: 'failed' } : undefined));
    await applyTo(targetOf(host));
    expect(fates(host, app)).toEqual([expect.objectContaining(stopped), expect.objectContaining(stopped)]);
    const { desired, plan } = await read(host);
    expect(desired.notReady.map(({ what }) => what)).toEqual(['network app']);
    expect(plan.warnings.filter(({ ofLabel }) => ofLabel)).toEqual([]);
    host.failWhen(() => undefined);
    await applyTo(targetOf(host));
    expect(fates(host, app)).toEqual([expect.objectContaining(byOffice), expect.objectContaining(byOffice)]);
  });

  it('of an engine that fails, and has nothing redirected, are reported', async () => {
    const host = newHost();
    host.failWhen(({ what }) => (what.startsWith('podman') ? { kind: 'failed' } : undefined));
    const [warning] = (await read(host)).plan.warnings;
    expect(warning?.message).toMatch(
      /^podman cannot be queried, so that its networks with a label are not found: /,
    );
  });

  it('of a network that would take a route of this host redirect nothing, and stop no other', async () => {
    const host = newHost();
    [app, { ...wrong, gateway: 'office' }].forEach((one) => make(host, one));
    host.state.routes = [
      ...host.state.routes,
      {
        type: 'unicast',
        table: 254,
        destination: '10.89.9.0/25',
        metric: 0,
        via: '192.168.50.9',
        device: 'eth0',
        protocol: 3,
      },
    ];
    await applyTo(targetOf(host));
    expect(fates(host, app)).toEqual([expect.objectContaining(byOffice), expect.objectContaining(byOffice)]);
    const { desired, role, plan } = await read(host);
    expect(desired.refusals).toEqual([]);
    expect(role.networks.map(({ name }) => name)).toEqual(['app']);
    expect(plan.warnings.map(({ message }) => message)).toEqual([
      'network wrong: 10.89.9.0/24 is routed elsewhere: this host has a route 10.89.9.0/25 via 192.168.50.9 dev eth0: not redirected',
    ]);
  });

  it('without `discover` in the file are not read: no engine is asked', async () => {
    const host = newHost();
    make(host, app);
    const spec = specOf(file().replace(/^discover:[^]*/m, ''));
    const before = host.events.length;
    const prepared = await prepare(
      { host, engines: createEngines({}), ...inFile(spec, 'node1') },
      await readLedger(host.files, ledgerPath),
    );
    expect(planText(prepared)).toBe('');
    expect(host.events.slice(before).filter(({ what }) => /^(podman|docker|nerdctl)/.test(what))).toEqual([]);
  });
});
