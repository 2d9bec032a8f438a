import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../src/host/process/background.ts';
import { createExec, runOrFail } from '../../src/host/process/exec.ts';
import { cgroupOf } from '../../src/lab/cgroups.ts';
import { addresses, hostNames, network } from '../../src/lab/layout.ts';
import { responderPort } from '../../src/lab/responder.ts';
import type { World } from '../../src/lab/world.ts';
import { redirectByHand } from './by-hand.ts';
import { createTestWorld, installedEngines, testName } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const machine = createExec();
const worlds: World[] = [];

async function newWorld(...args: Parameters<typeof createTestWorld>): Promise<World> {
  const world = await createTestWorld(...args);
  worlds.push(world);
  return world;
}

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.down()));
});

const pingThrice = ['ping', '-c', '3', '-i', '0.1', addresses.internet];
const fetchInternet = ['wget', '-q', '-O', '-', `http://${addresses.internet}`];

describe.each(aShareOf(await installedEngines()))('a lab with %s', (engine) => {
  it('sends container packets by the isp, where a capture sees all of them', async () => {
    const world = await newWorld({ engine });
    await world.containers.createNetwork(network.name, network.subnet);
    const address = await world.containers.start('c1', network.name);
    const isp = await world.capture('isp', 'eth0', 'icmp');
    const uplink = await world.capture('gw1', 'uplink0', 'ip');
    expect((await world.containers.run('c1', pingThrice)).exitCode).toBe(0);
    expect((await world.containers.run('c1', fetchInternet)).stdout).toBe(`isp saw ${addresses.node1}`);
    expect(address).toBe('10.89.4.2');
    const seen = (await isp.packets()).map(({ source, icmpType }) => `${source} ${icmpType}`);
    const exchange = [`${addresses.node1} 8`, `${addresses.internet} 0`];
    expect(seen).toEqual([...exchange, ...exchange, ...exchange]);
    expect(await isp.stop()).toHaveLength(6);
    expect(await uplink.stop()).toEqual([]);
    await world.containers.remove('c1');
  });

  it('leaves nothing behind', async () => {
    const before = await machineState();
    const world = await newWorld({ engine });
    await world.containers.createNetwork(network.name, network.subnet);
    await world.containers.start('c1', network.name);
    expect(await traces(world.name)).not.toEqual([]);
    await world.down();
    expect(await traces(world.name)).toEqual([]);
    expect(await machineState()).toEqual(before);
  });
});

describe('the hosts of a lab', () => {
  it('have the requested sysctls on every device', async () => {
    const world = await newWorld({ engine: 'external', rpFilter: 1, srcValidMark: 1 });
    await Promise.all(
      hostNames.map(async (name) => {
        const script = 'cd /proc/sys/net/ipv4/conf; cat [a-k]*/rp_filter [a-k]*/src_valid_mark; hostname';
        const said = await world.hosts[name].run(['sh', '-c', script]);
        expect(new Set(said.split('\n'))).toEqual(new Set(['1', name]));
      }),
    );
  });

  it('have files of their own', async () => {
    const { hosts } = await newWorld({ engine: 'external' });
    const path = '/etc/cni/net.d/a.conflist';
    await hosts.node1.files.replace(path, 'a\n');
    expect(await hosts.node1.files.read(path)).toBe('a\n');
    expect(await hosts.node1.run(['cat', path])).toBe('a');
    expect(await hosts.node1.files.list('/etc/cni/net.d')).toEqual(['a.conflist']);
    expect(await hosts.gw1.files.read(path)).toBeUndefined();
    await hosts.node1.files.remove(path);
    expect(await hosts.node1.files.list('/etc/cni/net.d')).toEqual([]);
    expect(await hosts.node1.files.list('/etc/no/such')).toEqual([]);
  });

  it('have sysctls of their own, read and written from outside', async () => {
    const { hosts } = await newWorld({ engine: 'external' });
    const path = '/proc/sys/net/ipv4/ip_forward';
    const before = await readFile(path, 'utf8');
    expect(await hosts.gw1.files.read(path)).toBe('0\n');
    await hosts.gw1.files.overwrite(path, '1');
    expect(await hosts.gw1.files.read(path)).toBe('1\n');
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await hosts.gw1.files.read('/proc/sys/net/ipv4/no_such')).toBeUndefined();
    await expect(hosts.gw1.files.overwrite('/proc/sys/net/ipv4/no_such', '1')).rejects.toThrow('no_such');
  });

  it('report a missing program by name', async () => {
    const { hosts } = await newWorld({ engine: 'external' });
    await expect(hosts.gw1.run(['no-such-program'])).rejects.toThrow('no-such-program: no such program');
    expect(await hosts.gw1.exec.run(['sh', '-c', 'cat; echo no >&2; exit 7'], { input: 'in' })).toEqual({
      exitCode: 7,
      stdout: 'in',
      stderr: 'no',
    });
  });

  it('reply to UDP, too', async () => {
    const { hosts } = await newWorld({ engine: 'external' });
    const ask = `const s = require('node:dgram').createSocket('udp4');
      s.on('message', (said) => { console.log(String(said).trim()); s.close(); });
      s.send('?', ${responderPort}, '${addresses.internet}');`;
    expect(await hosts.node1.run([process.execPath, '-e', ask])).toBe(`isp saw ${addresses.node1}`);
  });

  it('reap orphaned processes', async () => {
    const { hosts } = await newWorld({ engine: 'external' });
    await hosts.gw1.run(['sh', '-c', '(sleep 0.1 &) & wait']);
    await sleep(300);
    const states = await hosts.gw1.run(['sh', '-c', 'cat /proc/[0-9]*/stat | cut -d " " -f 3']);
    expect(states.split('\n')).not.toContain('Z');
  });
});

describe('two labs', () => {
  it('are separate, and each name exists once', async () => {
    const [first, second] = await Promise.all([
      newWorld({ engine: 'external' }),
      newWorld({ engine: 'external' }),
    ]);
    await expect(newWorld({ name: first.name, engine: 'external' })).rejects.toThrow('it is up already');
    await second.down();
    expect(await first.hosts.node1.run(['hostname'])).toBe('node1');
    await first.containers.createNetwork(network.name, network.subnet);
    await first.containers.start('c1', network.name);
    expect((await first.containers.run('c1', fetchInternet)).stdout).toContain('isp saw');
  });

  it('cannot have the same name at the same time', async () => {
    const name = testName();
    const builds = await Promise.allSettled([1, 2].map(() => newWorld({ name, engine: 'external' })));
    expect(builds.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('refuse invalid names', async () => {
    await expect(newWorld({ name: '../x' })).rejects.toThrow('not a name');
  });
});

const byHandEngines = (await installedEngines()).filter((engine) => engine !== 'podman-netavark');

describe.each(byHandEngines)('the manual recipe with %s', (engine) => {
  it('sends a container through the gateway with its own address', async () => {
    const world = await newWorld({ engine });
    await redirectByHand(world);
    const address = await world.containers.start('c1', network.name);
    const [gateway, uplink, isp] = await Promise.all([
      world.capture('gw1', 'eth0', 'icmp'),
      world.capture('gw1', 'uplink0', 'icmp'),
      world.capture('isp', 'eth0', `host ${addresses.internet}`),
    ]);
    expect((await world.containers.run('c1', fetchInternet)).stdout).toBe(`upstream saw ${addresses.uplink}`);
    expect((await world.containers.run('c1', pingThrice)).exitCode).toBe(0);
    const requests = (packets: Awaited<ReturnType<typeof gateway.stop>>) =>
      packets.filter(({ icmpType }) => icmpType === 8).map(({ source }) => source);
    expect(requests(await gateway.stop())).toEqual([address, address, address]);
    expect(requests(await uplink.stop())).toEqual([addresses.uplink, addresses.uplink, addresses.uplink]);
    expect(await isp.stop()).toEqual([]);
  });
});

describe('the commands', () => {
  const source = fileURLToPath(new URL('../../src/lab/commands.ts', import.meta.url));
  let folder: string;
  let program: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-lab-'));
    program = join(folder, 'lab.mjs');
    await build({
      stdin: {
        resolveDir: join(source, '..'),
        loader: 'ts',
        contents: `
          import { labDown, labExec, labUp } from './commands.ts';
          import { createWorld } from './world.ts';
          const [command, name, host = '', ...argv] = process.argv.slice(2);
          const io = { print: (line) => console.log(line) };
          if (command === 'up') await labUp({ name, self: [process.execPath, ''] }, io);
          if (command === 'down') await labDown({ name }, io);
          if (command === 'hang') {
            const world = await createWorld({ name, node: process.execPath });
            await world.containers.createNetwork('mustredirect', '10.89.4.0/24');
            await world.containers.start('c1', 'mustredirect');
            console.log('up');
            setInterval(() => {}, 1000);
          }
          if (command === 'exec') process.exitCode = await labExec({ name, host, argv, folder: process.cwd(), launchers: '/srv/launchers' });`,
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A program inside ends when `exec` is ended, however. */
  async function programEndsWith(name: string, signal: string): Promise<void> {
    const marked = `exec-${signal}-${name}`;
    const inside = ['sh', '-c', `: ${marked}; sleep 100; :`];
    const argv = [process.execPath, program, 'exec', name, 'node1', ...inside];
    const outer = spawn(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' });
    const running = async (): Promise<boolean> =>
      (await machine.run(['pgrep', '--full', `^sh -c : ${marked}`])).exitCode === 0;
    expect(await waitUntil(running, 30_000)).toBe(true);
    outer.kill(`SIG${signal}` as NodeJS.Signals);
    expect(await waitUntil(async () => !(await running()), 30_000)).toBe(true);
  }

  const lab = (...args: readonly string[]) => machine.run([process.execPath, program, ...args]);

  it('build a lab that stays up, run programs in it, and take it down', async () => {
    const name = testName();
    const up = await lab('up', name);
    try {
      expect(up).toMatchObject({ exitCode: 0, stderr: '' });
      expect(up.stdout).toContain(`mustredirect lab down --name ${name}`);
      expect((await lab('up', name)).stderr).toContain(`lab ${name}: it is up already`);
      expect((await lab('exec', name, 'node1', 'hostname')).stdout).toBe('node1');
      expect((await lab('exec', name, 'node1', 'pwd')).stdout).toBe((await machine.run(['pwd'])).stdout);
      expect((await lab('exec', name, 'node1', 'printenv', 'PATH')).stdout).toMatch(/:\/srv\/launchers$/);
      expect((await lab('exec', name, 'gw1', 'sh', '-c', 'exit 7')).exitCode).toBe(7);
      expect((await lab('exec', name, 'gw2', 'true')).stderr).toContain('no host gw2');
      expect((await lab('exec', testName(), 'gw1', 'true')).stderr).toContain(name);
      for (const signal of ['TERM', 'KILL']) await programEndsWith(name, signal);
    } finally {
      expect((await lab('down', name)).stdout).toBe(`lab ${name}: removed`);
    }
    expect(await traces(name)).toEqual([]);
    expect(await lab('down', name)).toMatchObject({ exitCode: 0, stdout: `lab ${name}: there is none` });
    expect((await lab('exec', name, 'gw1', 'true')).stderr).toContain(`lab ${name}: there is none`);
  });

  // From before the first process to after the last: `up` takes about 400 ms on an idle machine.
  it.each([0, 40, 70, 100, 140, 180, 230, 300, 400, 550, 800])(
    'take down what a kill after %i ms leaves',
    async (delay) => {
      const name = testName();
      const before = await machineState();
      const child = spawn(process.execPath, [program, 'up', name], { detached: true, stdio: 'ignore' });
      await sleep(delay);
      // Kills the whole group, like a closing terminal; not an error when it has ended already.
      await machine.run(['kill', '-KILL', '--', `-${child.pid}`]);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect((await lab('down', name)).exitCode).toBe(0);
      expect(await traces(name)).toEqual([]);
      expect(await machineState()).toEqual(before);
    },
  );

  it('leave nothing, even without down, when killed before the lab may stay', async () => {
    const name = testName();
    const child = spawn(process.execPath, [program, 'hang', name], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect((await traces(name)).length).toBeGreaterThan(hostNames.length);
    child.kill('SIGKILL');
    await expect.poll(() => traces(name), { timeout: 10_000 }).toEqual([]);
  });

  it('take down a lab of which a part was killed', async () => {
    const name = testName();
    expect((await lab('up', name)).exitCode).toBe(0);
    const pids = await Promise.all(['node1', 'isp'].map((host) => firstProcess(name, host)));
    await machine.run(['kill', '-KILL', ...pids]);
    expect((await lab('down', name)).stdout).toBe(`lab ${name}: removed`);
    expect(await traces(name)).toEqual([]);
  });
});

async function firstProcess(name: string, host: string): Promise<string> {
  const found = await runOrFail(machine, ['pgrep', '-f', `^sh -c .*mustredirect-lab ${name} ${host}$`]);
  return found.split('\n')[0] ?? '';
}

/** Everything on the machine with the lab's name: processes and cgroups. */
async function traces(name: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  const cgroups = await runOrFail(machine, ['find', '/sys/fs/cgroup', '-name', cgroupOf(name)]);
  return [
    ...commands
      .map((command) => command.replaceAll('\0', ' '))
      .filter((command) => command.includes(`${name} `)),
    ...cgroups.split('\n').filter(Boolean),
  ];
}

/** Removes named namespaces and their mounts, which belong to others: a lab names none on the machine. */
function withoutStrangers(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/ \/run\/netns\b|\bnetns \/|^netns$/.test(line))
    .map((line) => line.replace(/ link-netns(id)? \S+/, ''))
    .join('\n');
}

/** State of the machine that a lab must not change: devices, addresses, rules, routes, mounts and folders. */
async function machineState(): Promise<Readonly<Record<string, string>>> {
  const commands = [
    'ip -oneline address',
    'ip rule',
    'ip route show table all',
    'nft --stateless list ruleset',
    'cat /proc/sys/net/ipv4/ip_forward',
    'cat /proc/self/mountinfo',
    'ls /run /var/lib /etc /etc/cni /etc/containers /var/lib/containers /dev/shm',
  ];
  const outputs = await Promise.all(commands.map((command) => machine.run(command.split(' '))));
  return Object.fromEntries(
    commands.map((command, index) => [command, withoutStrangers(outputs[index]?.stdout ?? '')]),
  );
}
