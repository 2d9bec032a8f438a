import { describe, expect, it } from 'vitest';
import { type FakeHost, type FakeSetup, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenRuns } from '../../../tests/given/runs.ts';
import { specOf } from '../../../tests/scenario/play.ts';
import { hostRole } from '../../topology/topology.ts';
import { recordedTerminal } from '../terminal/recorded-terminal.ts';
import { printStatus } from './status.ts';

const text = `
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2, other: 192.168.50.11 }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`;
const spec = specOf(text);
const runs = givenRuns();

function newHost(): FakeHost {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  return createFakeHost({ links: [link] });
}

async function appliedHost(): Promise<FakeHost> {
  const host = newHost();
  await runs.apply(host, text);
  return host;
}

/** Text, JSON, and exit status with --check. */
async function status(host: FakeHost, name = 'here') {
  const context = runs.contextOf(host);
  const target = { ...context, role: hostRole(spec, name), gateways: spec.gateways };
  const [plain, json] = [recordedTerminal(), recordedTerminal()];
  await printStatus(plain, context, target, { check: true });
  await printStatus(json, context, target, { json: true });
  return {
    printed: plain.printed.join('\n'),
    json: JSON.parse(json.printed.join('\n')) as unknown,
    exitStatus: plain.exitStatus ?? 0,
  };
}

const table = `
network   subnets        goes to                  packets   bytes   dropped
web       10.89.4.0/24   office at 192.168.50.2         0       0         0`;
const counts = { table: 2184, mark: 1, packets: 0, bytes: 0, dropped: 0 };
const web = {
  network: 'web',
  subnets: ['10.89.4.0/24'],
  gateway: 'office',
  egress: '192.168.50.2',
  ...counts,
};
const asInFile = {
  host: 'here',
  networks: [web],
  gateways: [],
  differences: [],
  waiting: [],
  notReady: [],
  refusals: [],
};

describe('status of a gateway', () => {
  const uplink = 'device: gre1, gre: { local: 192.168.50.2, remote: 192.168.50.99 }';
  const withTunnel = specOf(text.replace('device: eth9', uplink));
  const eth0 = { name: 'eth0', up: true, addresses: ['192.168.50.2/24'], pointToPoint: false };

  async function print(links: FakeSetup['links'], json: { json?: true }): Promise<string> {
    const context = runs.contextOf(createFakeHost({ links }));
    const target = { ...context, role: hostRole(withTunnel, 'gw1'), gateways: withTunnel.gateways };
    const terminal = recordedTerminal();
    await printStatus(terminal, context, target, json);
    return terminal.printed.join('\n');
  }

  it('has the tunnel of its uplink, which is not there yet', async () => {
    const printed = await print([eth0], {});
    expect(printed).toContain(
      '\noffice: tunnel gre1: gre from 192.168.50.2 to 192.168.50.99 ttl 64 mtu 1476',
    );
    expect(printed).not.toContain('office: gre1');
  });

  it('has the path of its tunnel outside, and what went through it, whoever made it', async () => {
    const ends = { type: 'gre', local: '192.168.50.2', remote: '192.168.50.99', ttl: 64 } as const;
    const gre1 = { name: 'gre1', up: true, addresses: [], pointToPoint: true, mtu: 1476, tunnel: ends };
    expect(await print([eth0, gre1], {})).toContain(
      '\noffice: gre1 mtu 1476 to 192.168.50.99 by eth0 from 192.168.50.2 mtu 1500: 0 packets out (0 bytes), 0 in (0 bytes): no packet yet',
    );
    expect(JSON.parse(await print([eth0, gre1], { json: true }))).toMatchObject({
      gateways: [{ outer: { path: { device: 'eth0', mtu: 1500 }, verdict: { state: 'unused' } } }],
    });
  });
});

describe('status of a node', () => {
  it('has each network with its counters when the host is as the file says', async () => {
    expect(await status(await appliedHost())).toEqual({
      printed: `here: <green:as the file says>\n${table}`,
      json: { ...asInFile },
      exitStatus: 0,
    });
  });

  it('lists drift, and fails with --check', async () => {
    const host = await appliedHost();
    await host.files.overwrite('/proc/sys/net/ipv4/ip_forward', '0\n');
    const difference = '~ sysctl net.ipv4.ip_forward = 1 (was 0)';
    expect(await status(host)).toEqual({
      printed: `here: <red:not as the file says, 1 difference>\n  ${difference}\n${table}`,
      json: { ...asInFile, differences: [difference] },
      exitStatus: 3,
    });
  });

  it('lists our nft table as missing before the first apply', async () => {
    const { printed, json, exitStatus } = await status(newHost());
    expect(printed).toMatch(
      /^here: <red:not as the file says, 10 differences>\n {2}\+ nft table inet mustredirect: /,
    );
    expect(printed).toContain(`\n${table}`);
    const missing = expect.arrayContaining([
      expect.stringMatching(/^\+ nft table inet mustredirect: /),
    ]) as unknown;
    expect(json).toEqual({ ...asInFile, differences: missing, refusals: [] });
    expect(exitStatus).toBe(3);
  });
});

describe('status while something else is wrong', () => {
  it('says that nobody probes the members of a gateway, and what to do', async () => {
    const members =
      'members: [{ host: gw1, uplink: { device: eth9 } }, { host: other, uplink: { device: eth9 } }]';
    const checked = specOf(text.replace(/members: .*\]/, `${members}, check: {}`));
    const context = runs.contextOf(newHost());
    const target = { ...context, role: hostRole(checked, 'here'), gateways: checked.gateways };
    const terminal = recordedTerminal();
    await printStatus(terminal, context, target, {});
    expect(terminal.printed.join('\n')).toMatch(
      /\n<yellow:agent:> gateway office: nobody probes its members, since the agent.*`mustredirect agent` runs it/,
    );
  });

  it('shows what was applied, and what is wrong with the file', async () => {
    const context = runs.contextOf(await appliedHost());
    const target = { ...context, role: hostRole(spec, 'here'), gateways: spec.gateways };
    const terminal = recordedTerminal();
    await printStatus(terminal, context, target, { fileProblem: 'f.yaml: 1 mistake' });
    expect(terminal.printed.join('\n')).toBe(
      `here: <yellow:as the file says that was applied last>\n<red:file:> f.yaml: 1 mistake\n${table}`,
    );
  });
});

it('status of a host without networks and gateways has no table of them', async () => {
  expect(await status(newHost(), 'other')).toEqual({
    printed: 'other: <green:as the file says>\nthe file redirects nothing on this host',
    json: { ...asInFile, host: 'other', networks: [] },
    exitStatus: 0,
  });
});
