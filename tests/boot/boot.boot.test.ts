/**
 * A whole Debian that boots, with the units of `install`, containers of podman and docker that start at boot and send from
 * their first moment, and captures from power on. The tests follow each other, as days in the life of one machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed } from '../live/program.ts';
import { type Machine, debianFolder, diskIn, powerOn } from './machine.ts';
import { createNetwork, redirectFile } from './network.ts';
import { laterVersion, writePackages } from './packages.ts';
import {
  type Moment,
  type Seen,
  everySender,
  momentOf,
  powerOnMoment,
  seenSince,
  sendersOf,
  untilElsewhere,
  untilRedirected,
} from './traffic.ts';

/**
 * Number of power cuts in the middle of apply, beside the one that always is. With some, units are also restarted one by
 * one, not all at once: that takes minutes, since processors are emulated.
 */
const cuts = Number(process.env['BOOT_CUTS'] ?? 0);
/**
 * With the agent in its sandbox. It asks the engines at every event: where processors are emulated, podman then often
 * takes longer than the 30 s after which its network counts as not ready, and is closed.
 */
const withAgent = process.env['BOOT_AGENT'] === '1';
const units = ['systemd-networkd', 'nftables', 'docker', 'NetworkManager'];
/** Milliseconds; containers that go on sending show what is open. */
const goOn = 2_000;
const timeout = 600_000;

let world: World;
let folder: string;
let debian: string;
let gatewayMac: string;
let machine: Machine;
let boots = 0;
/** disk with all that the machine has flushed so far */
let disk: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-boot-'));
  debian = await debianFolder();
  disk = join(debian, 'disk.qcow2');
  await writePackages(folder);
  world = await createNetwork();
  const { gw1 } = world.hosts;
  gatewayMac = (await gw1.run(['cat', '/sys/class/net/eth0/address'])).trim();
  await gw1.files.replace(filePath, redirectFile());
  await mustSucceed(gw1, 'apply', '--yes');
}, 1_800_000);

afterAll(async () => {
  await machine?.cut();
  await world?.down();
  await rm(folder, { recursive: true, force: true });
});

/** @param more arguments of the kernel */
async function boot(more: readonly string[] = []): Promise<void> {
  boots += 1;
  const next = join(folder, String(boots));
  machine = await powerOn({
    folder: next,
    disk,
    kernel: join(debian, 'vmlinux'),
    packages: join(folder, 'packages.img'),
    pid: world.hosts.switch.pid,
    more,
  });
  disk = diskIn(next);
}

/** Runs a program in the virtual machine that must succeed. */
async function run(...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await machine.agent.run(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

const installed = '/usr/lib/node_modules/mustredirect';

/** What npm does, for a fraction of the time. */
async function unpack(): Promise<void> {
  const script = `mount -o ro /dev/vda /mnt
mkdir -p ${installed}
tar -C ${installed} --strip-components 1 -xzf /mnt/first.tgz
ln -s ${installed}/bin/mustredirect /usr/bin/`;
  await run('sh', '-ec', script);
}

/** As the README says; no network leads to a registry. */
async function upgrade(): Promise<void> {
  await run('npm', 'install', '--global', '--offline', '--no-audit', '/mnt/later.tgz');
  const manifest = await run('cat', `${installed}/package.json`);
  expect(JSON.parse(manifest)).toMatchObject({ version: laterVersion });
}

async function writeFile(text: string): Promise<void> {
  // What is written and not flushed is lost by a power cut.
  const script = `mkdir -p /etc/mustredirect && cat >${filePath} && sync`;
  expect(await machine.agent.run(['sh', '-c', script], text)).toMatchObject({ exitCode: 0 });
}

/**
 * Waits for answers through the gateway, and lets the containers go on for a while.
 * @param since what left elsewhere since then counts; answers count from now on, or from power on
 */
async function redirected(since: Moment, wanted = everySender): Promise<Seen> {
  const answersSince = since === powerOnMoment ? since : momentOf(machine);
  await untilRedirected(machine, answersSince, gatewayMac, wanted, timeout);
  await sleep(goOn);
  return {
    elsewhere: seenSince(machine, since, gatewayMac).elsewhere,
    redirected: seenSince(machine, answersSince, gatewayMac).redirected,
  };
}

/** @returns milliseconds */
async function timeOfApply(): Promise<number> {
  const begin = performance.now();
  await run('mustredirect', 'apply', '--yes');
  return performance.now() - begin;
}

/** Waits for packets that leave by another way. @returns the containers that sent them */
async function elsewhere(wanted: readonly string[]): Promise<readonly string[]> {
  await untilElsewhere(machine, gatewayMac, wanted, timeout);
  return sendersOf(seenSince(machine, powerOnMoment, gatewayMac).elsewhere);
}

/** Waits until the unit that applies the file is done: it is tried again when an engine has taken too long. */
async function untilApplied(): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const { exitCode } = await machine.agent.run(['systemctl', 'start', 'mustredirect.service']);
    if (exitCode === 0) return;
    if (performance.now() > deadline) throw new Error(await run('journalctl', '-b', '-t', 'mustredirect'));
    await sleep(5_000);
  }
}

/** Removals by other programs: name, and script. */
const removals = [
  ['rules and routes', 'ip rule flush protocol 136; ip route flush table all protocol 136'],
  ['the nft table', 'nft delete table inet mustredirect'],
  ['forwarding', 'sysctl -qw net.ipv4.ip_forward=0'],
  ['rules in the chain of Docker', 'iptables -F DOCKER-USER; ip6tables -F DOCKER-USER'],
] as const;

/** Waits until the host is as the file says again, without any run but those of the agent. */
async function untilHeld(): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const { exitCode, stdout, stderr } = await machine.agent.run(['mustredirect', 'status', '--check']);
    if (exitCode === 0) return;
    if (performance.now() > deadline)
      throw new Error(`status --check: exit ${exitCode}\n${stdout}\n${stderr}`);
    // Each look asks the engines: too many of them leave the agent no time here.
    await sleep(20_000);
  }
}

/** What the boot says of a run that the power cut ended, for the reader of the report. */
async function interruptedRun(): Promise<string> {
  const { stdout } = await machine.agent.run(['journalctl', '-b', '-o', 'cat', '-t', 'mustredirect']);
  return stdout.split('\n').find((line) => line.includes('finishes or undoes it')) ?? 'no run was open';
}

const journal = '/var/lib/mustredirect/host.journal';

/** @returns milliseconds from the first step of an apply to its last */
async function timeOfSteps(): Promise<number> {
  await machine.agent.start(['mustredirect', 'apply', '--yes']);
  await run('sh', '-c', `until [ -e ${journal} ]; do sleep 0.1; done`);
  const begin = performance.now();
  await run('sh', '-c', `while [ -e ${journal} ]; do sleep 0.1; done`);
  return performance.now() - begin;
}

/** @param moment milliseconds after the start of apply, or after its first step has begun */
async function cutDuringApply(
  text: string,
  { after, moment }: { readonly after: 'start' | 'first step'; readonly moment: number },
): Promise<void> {
  await writeFile(text);
  await machine.agent.start(['mustredirect', 'apply', '--yes']);
  if (after === 'first step') await run('sh', '-c', `until [ -e ${journal} ]; do sleep 0.1; done`);
  await sleep(moment);
  await machine.cut();
}

describe('a machine with containers that start at boot', () => {
  /** milliseconds that an apply takes */
  let duration: number;
  const asTheFileSays = { elsewhere: [], redirected: everySender };

  it('control: without the units, all of them send past the gateway from boot on', async () => {
    await boot();
    expect(await elsewhere(everySender)).toEqual(everySender);
  });

  it('redirects them by apply', async () => {
    await unpack();
    await writeFile(redirectFile());
    duration = await timeOfApply();
    await run('mustredirect', 'install', ...(withAgent ? ['--agent'] : []));
    expect(await redirected(momentOf(machine))).toEqual(asTheFileSays);
  });

  it.each(withAgent ? removals : [])(
    'the agent brings back %s from inside its sandbox',
    async (_, script) => {
      const before = momentOf(machine);
      await run('sh', '-ec', script);
      expect(await redirected(momentOf(machine))).toEqual(asTheFileSays);
      await untilHeld();
      expect(seenSince(machine, before, gatewayMac).elsewhere).toEqual([]);
    },
  );

  it.each(withAgent ? ['the journal of systemd'] : [])('logs shows from %s what the agent did', async () => {
    const lines = (await run('mustredirect', 'logs', '--json')).trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['started', 'file', 'repair']));
    const repair = records.find(({ kind }) => kind === 'repair');
    expect(repair).toMatchObject({ level: 'info', took: expect.any(Number) as number });
    const since = ['journalctl', '-u', 'mustredirect-agent', '-o', 'cat'];
    expect(await run(...since, '-p', 'info')).toMatch(/^repaired in \d+ ms: .* {"kind":"repair"/m);
    expect(await run(...since, '-p', 'err')).not.toMatch(/repaired/);
    expect(await run('sh', '-c', 'ls /var/lib/mustredirect')).not.toContain('host.log');
  });

  it.each(cuts > 0 ? units : [units.join(' ')])('restarts %s', async (restarted) => {
    const since = momentOf(machine);
    await run('systemctl', 'restart', ...restarted.split(' '));
    // systemd-networkd has it started again.
    await untilApplied();
    expect(await redirected(since)).toEqual(asTheFileSays);
    await run('mustredirect', 'status', '--check');
  });

  it('is upgraded while they send', async () => {
    const since = momentOf(machine);
    await upgrade();
    expect(await redirected(since)).toEqual(asTheFileSays);
  });

  it('loses its power in the middle of apply, and boots', async () => {
    const since = momentOf(machine);
    await cutDuringApply(redirectFile({ direct: '192.0.2.0/24' }), {
      after: 'start',
      moment: Math.random() * duration,
    });
    expect(seenSince(machine, since, gatewayMac).elsewhere).toEqual([]);
    await boot();
    expect(await redirected(powerOnMoment)).toEqual(asTheFileSays);
    await untilApplied();
    await run('mustredirect', 'status', '--check');
  });
});

describe('a machine that exchanges routes', () => {
  const asTheFileSays = { elsewhere: [], redirected: everySender };
  const ourUnit = 'mustredirect-bird.service';

  it('is redirected by BGP, with a BIRD that systemd runs', async () => {
    const since = momentOf(machine);
    const text = redirectFile({ bgp: true });
    const { gw1 } = world.hosts;
    await gw1.files.replace(filePath, text);
    await writeFile(text);
    await mustSucceed(gw1, 'apply', '--yes');
    await run('mustredirect', 'apply', '--yes');
    expect(await redirected(since)).toEqual(asTheFileSays);
    expect(await run('ip', 'route', 'show', 'table', 'all', 'proto', 'bird')).toContain(
      'default via 192.168.50.2',
    );
    expect(await run('systemctl', 'is-active', ourUnit)).toBe('active\n');
  });

  it('goes on when its BIRD is killed, and after a power cut', async () => {
    const since = momentOf(machine);
    await run('systemctl', 'kill', '--kill-who=all', '--signal=KILL', ourUnit);
    expect(await redirected(since)).toEqual(asTheFileSays);
    await machine.cut();
    await boot();
    expect(await redirected(powerOnMoment)).toEqual(asTheFileSays);
    await untilApplied();
    await run('mustredirect', 'status', '--check');
  });

  it('has no unit of ours left after destroy', async () => {
    await run('mustredirect', 'uninstall');
    await run('mustredirect', 'destroy', '--yes');
    expect(await run('systemctl', 'list-units', '--all', '--no-legend', 'mustredirect*')).toBe('');
    expect(await run('ip', 'route', 'show', 'table', 'all', 'proto', 'bird')).toBe('');
    expect(await elsewhere(everySender)).toEqual(everySender);
  });
});

/** Without docker and NetworkManager, which take most of the time of a boot. */
describe.each(cuts > 0 ? [cuts] : [])('%i power cuts at random moments of apply', (count) => {
  const wanted = everySender.filter((sender) => !sender.startsWith('docker'));
  const more = ['docker.service', 'docker.socket', 'containerd.service', 'NetworkManager.service'].map(
    (unit) => `systemd.mask=${unit}`,
  );
  const files = [redirectFile({ mail: false }), redirectFile({ mail: false, direct: '192.0.2.0/24' })];
  /** milliseconds that the steps of an apply take */
  let duration: number;

  it('control: without the units, the containers send past the gateway', async () => {
    await machine?.cut();
    disk = join(debian, 'disk.qcow2');
    await boot(more);
    expect(await elsewhere(wanted)).toEqual(wanted);
  });

  it('redirects them by apply', async () => {
    await unpack();
    await writeFile(redirectFile({ mail: false }));
    duration = await timeOfSteps();
    await run('mustredirect', 'install');
    expect(await redirected(momentOf(machine), wanted)).toEqual({ elsewhere: [], redirected: wanted });
  });

  it.for(Array.from({ length: count }, (_, index) => index))('cut %i', async (index, { annotate }) => {
    // Every third apply redirects what was not redirected before, the others change what is.
    const first = index % 3 === 0;
    if (first) await run('mustredirect', 'destroy', '--yes');
    const since = momentOf(machine);
    const moment = Math.random() * duration;
    await cutDuringApply(files[index % 2] ?? '', { after: 'first step', moment });
    expect(first ? [] : seenSince(machine, since, gatewayMac).elsewhere).toEqual([]);
    await boot(more);
    expect(await redirected(powerOnMoment, wanted)).toEqual({ elsewhere: [], redirected: wanted });
    await untilApplied();
    await annotate(`${Math.round(moment)} of ${Math.round(duration)} ms of steps: ${await interruptedRun()}`);
  });
});
