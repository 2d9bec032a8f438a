import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { printError } from '../terminal/print-error.ts';
import { recordedTerminal } from '../terminal/recorded-terminal.ts';
import { installFor } from './install.ts';
import { uninstallFrom } from './uninstall.ts';

const source = { file: '/etc/mustredirect/mustredirect.yaml', text: '', hash: '', host: 'node1' };
const guardPath = '/etc/systemd/system/mustredirect-guard.service';
const applyPath = '/etc/systemd/system/mustredirect.service';
const agentPath = '/etc/systemd/system/mustredirect-agent.service';

interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  readonly firstNamespace?: boolean;
}

async function run(
  what: 'install' | 'uninstall',
  host: FakeHost,
  options: { readonly dryRun?: true; readonly json?: true; readonly agent?: true | undefined } = {},
  { env = {}, firstNamespace = true }: Setting = {},
) {
  const terminal = Object.assign(recordedTerminal(), { env });
  const places = {
    ledger: '',
    journal: '',
    history: '',
    lock: '',
    agent: '',
    verdicts: '',
    drained: '',
    flowLogs: '',
    daemon: '',
    log: '',
    firstNamespace,
  };
  let status = 0;
  try {
    await (what === 'install'
      ? installFor(terminal, { host, places, source }, { agent: true, ...options })
      : uninstallFrom(terminal, { host, places }, options));
  } catch (error) {
    status = printError(error, terminal, []);
  }
  return { status, printed: terminal.printed.join('\n'), told: terminal.told.join('\n') };
}

/** @param systemd whether systemd runs, for which an empty folder is enough */
function newHost(systemd = true): FakeHost {
  return createFakeHost({ links: [], files: new Map(systemd ? [['/run/systemd/system', '']] : []) });
}

describe('install', () => {
  it('lists what it wrote, and then reports that nothing is to do', async () => {
    const host = newHost();
    const { status, printed } = await run('install', host);
    expect(status).toBe(0);
    expect(printed).toContain(`
  ${guardPath}   at boot: closes, before there is a network
  ${applyPath}         at boot: applies /etc/mustredirect/mustredirect.yaml as node1, when the network is up
  ${agentPath}   runs from now on: holds what is applied, and brings back what goes\n`);
    const after = host.dump();
    expect(after).toContain(`file ${guardPath}: `);
    expect(await run('install', host)).toMatchObject({
      status: 0,
      printed: 'installed already: nothing was changed',
    });
    expect(host.dump()).toBe(after);
  });

  it('keeps state folders as absolute paths', async () => {
    const env = {
      MUSTREDIRECT_STATE_DIR: 'state',
      MUSTREDIRECT_RUN_DIR: '/r',
      MUSTREDIRECT_HOST: 'x',
      A: 'b',
    };
    const { printed } = await run('install', newHost(), { dryRun: true }, { env });
    expect(printed.match(/^Environment=.*$/gm)).toEqual([
      'Environment=MUSTREDIRECT_STATE_DIR=/state',
      'Environment=MUSTREDIRECT_RUN_DIR=/r',
      'Environment=MUSTREDIRECT_STATE_DIR=/state',
      'Environment=MUSTREDIRECT_RUN_DIR=/r',
      'Environment=MUSTREDIRECT_STATE_DIR=/state',
      'Environment=MUSTREDIRECT_RUN_DIR=/r',
    ]);
  });

  it('prints the commands to run when there is no systemd', async () => {
    const host = newHost(false);
    const before = host.dump();
    const env = { MUSTREDIRECT_STATE_DIR: '/srv/my state' };
    const { status, told } = await run('install', host, {}, { env });
    expect(status).toBe(4);
    expect(told).toContain('no systemd runs here');
    const program = `env 'MUSTREDIRECT_STATE_DIR=/srv/my state' /usr/bin/node /opt/mustredirect/bin/start.js`;
    const which = '--file /etc/mustredirect/mustredirect.yaml --host node1';
    const [command, rest] = [`${program} apply`, `--boot --yes ${which}`];
    expect(told.split('\n').slice(2)).toEqual([
      '  before any network interface is up and any container starts, to close:',
      `    ${command} --closed ${rest}`,
      '  when the network is up, and again until it exits with 0, to open:',
      `    ${command} ${rest}`,
      '  from then on, started again when it ends, to hold what is applied:',
      `    ${program.replace('node ', 'node --max-semi-space-size=2 --heap-growing-percent=25 ')} agent ${which}`,
    ]);
    expect(host.dump()).toBe(before);
  });

  it('prints the units without systemd, too, and writes nothing', async () => {
    const host = newHost(false);
    const before = host.dump();
    const { status, printed } = await run('install', host, { dryRun: true }, { firstNamespace: false });
    expect(status).toBe(0);
    expect(printed).toMatch(
      new RegExp(`^# ${guardPath}\n# Written by [^]*\n\n# ${applyPath}\n# Written by `),
    );
    expect(host.dump()).toBe(before);
  });

  it('leaves the agent out, and says so where it was installed', async () => {
    const host = newHost();
    expect((await run('install', host, { agent: undefined })).printed).not.toContain('agent');
    await run('install', host);
    const { told } = await run('install', host, { agent: undefined });
    expect(told).toContain(`removed: ${agentPath}; \`install --agent\` keeps it`);
  });

  it('prints JSON', async () => {
    const host = newHost();
    const { printed: dry } = await run('install', host, { dryRun: true, json: true });
    const { printed } = await run('install', host, { json: true });
    const text = expect.stringContaining('[Install]') as string;
    const units = [
      { path: guardPath, text },
      { path: applyPath, text },
      { path: agentPath, text },
    ];
    expect(JSON.parse(dry)).toEqual({ units });
    expect(JSON.parse(printed)).toEqual({ units, changed: true });
  });
});

describe('uninstall', () => {
  it('lists what it removed, and then reports that nothing is installed', async () => {
    const host = newHost();
    const before = host.dump();
    await run('install', host);
    const { status, printed } = await run('uninstall', host);
    expect(status).toBe(0);
    expect(printed).toContain(`${guardPath}, ${applyPath}, ${agentPath}`);
    expect(host.dump()).toBe(before);
    expect(await run('uninstall', host)).toMatchObject({
      status: 0,
      printed: 'nothing of it is installed: nothing was changed',
    });
  });

  it('prints JSON', async () => {
    const host = newHost();
    await run('install', host);
    const { printed } = await run('uninstall', host, { json: true });
    expect(JSON.parse(printed)).toEqual({ removed: [guardPath, applyPath, agentPath] });
  });
});

describe.each(['install', 'uninstall'] as const)('%s in another network namespace', (what) => {
  it('is refused', async () => {
    const host = newHost();
    if (what === 'uninstall') await run('install', host);
    const before = host.dump();
    const { status, told } = await run(what, host, {}, { firstNamespace: false });
    expect({ status, same: host.dump() === before }).toEqual({ status: 4, same: true });
    expect(told).toContain('not the network namespace that systemd runs its units in');
  });
});
