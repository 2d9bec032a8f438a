/**
 * Random faults on a node and a gateway, with the agent on both, while a container sends: after each, the hosts come
 * back to what the file says, and nothing leaves by another way. Two minutes, or `SOAK_MINUTES`; `SOAK_SEED` begins
 * with the same faults. The clock is not stepped: it belongs to the machine.
 */
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { families, firstUsable, prefixLength } from '../../src/address/cidr.ts';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { mustSucceed, mustredirect, programPath, timeout } from './program.ts';
import { leaksDuring } from './routing/leaks.ts';
import { type RoutingWorld, createRoutingWorld, waitFor, writeFile } from './routing/world.ts';

const minutes = Number(process.env['SOAK_MINUTES'] ?? 2);
const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 1e9));
/** milliseconds until a host is as the file says again, on a busy machine */
const patience = 180_000;

/** Beyond the uplinks, and no address that the container sends to. */
const targets = ['203.0.113.77', '2001:db8:113::77'];
const keys = `    check: { targets: [${targets.map((one) => `'${one}'`).join(', ')}], interval: 100ms, fall: 3, rise: 5 }\n    failback: 1s\n`;

type AgentHost = 'node1' | 'gw1';

let world: RoutingWorld;
const agents = new Map<AgentHost, Running>();
const history: string[] = [];

beforeAll(async () => {
  world = await createRoutingWorld();
  for (const target of targets) await world.hosts.upstream.run(['ip', 'address', 'add', target, 'dev', 'lo']);
  await writeFile(world, '{ protocol: static }', keys);
});
afterAll(async () => {
  await Promise.all([...agents.values()].map((agent) => agent.stop()));
  await world?.down();
});

/** @param killAt boundary of the agent's next repair at which it is killed: see `kill-at.js` */
async function startAgent(name: AgentHost, killAt?: number): Promise<void> {
  const preload = fileURLToPath(new URL('kill-at.js', import.meta.url));
  const settings =
    killAt === undefined ? [] : ['env', `KILL_AT=${killAt}`, `NODE_OPTIONS=--import=${preload}`];
  const argv = endingWithStdin([...settings, programPath, 'agent']);
  const agent = await world.hosts[name].background.start(argv);
  agents.set(name, agent);
  const began = await waitUntil(() => agent.output().stderr.includes('holds ') || agent.ended(), patience);
  if (!began) throw new Error(`the agent of ${name} does not begin:\n${agent.output().stderr}`);
}

async function killAgent(name: AgentHost): Promise<void> {
  const agent = agents.get(name);
  agent?.write('KILL\n');
  await waitUntil(() => agent?.ended() ?? true, patience);
}

/** Numbers from 0 to below 1, the same for each seed. */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomNumbers(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(all: readonly T[]): T => {
  const found = all[below(all.length)];
  if (found === undefined) throw new Error('nothing to choose from');
  return found;
};

/** Addresses of the node itself: without its rules, the pings of its agent follow the routes of the node. */
const ownAddresses = new Set(
  families.map((family) => firstUsable(family === 4 ? network.subnet : network.subnet6)),
);
const bridgeAddress = `${firstUsable(network.subnet6)}/${prefixLength(network.subnet6)}`;
/** The kernel removes IPv6 addresses and routes by a link that goes down; who manages the network adds them again. */
const flap = (device: string, address: string, route = ''): string =>
  `ip link set ${device} down; sleep 0.${below(9)}; ip link set ${device} up; ip address replace ${address} dev ${device} nodad; ${route}`;
const back = (host: 'node1' | 'gw1'): string =>
  flap(
    'eth0',
    `${addressesOf(6)[host]}/64`,
    families.map((family) => `ip route replace default via ${addressesOf(family).isp} dev eth0`).join('; '),
  );
const removed = (what: string): string => {
  const family = oneOf(families);
  switch (what) {
    case 'a rule':
      return `ip -${family} rule delete preference 4100`;
    case 'all rules':
      return `for p in $(ip -${family} rule | grep -o "^4[0-9]*"); do ip -${family} rule delete preference $p; done`;
    case 'routes':
      return `ip -${family} route flush table 2184`;
    case 'the nft table':
      return 'nft delete table inet mustredirect';
    case 'IPsec policies':
      return 'ip xfrm policy flush';
    default:
      return 'conntrack -F';
  }
};
const forwardingOff = 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding';
const deaf =
  'nft "add table inet f; add chain inet f c { type filter hook prerouting priority -400; }; add rule inet f c iifname gw1 drop"';

const shell = async (host: TestHost, script: string): Promise<void> => {
  await host.exec.run(['sh', '-c', script], { timeout });
};
const file = async (more: string): Promise<void> =>
  writeFile(world, '{ protocol: static }', `${keys}${more}`);

const faults: Readonly<Record<string, () => Promise<void>>> = {
  'node: something removed': () =>
    shell(
      world.hosts.node1,
      removed(oneOf(['a rule', 'all rules', 'routes', 'the nft table', 'IPsec policies', 'flows'])),
    ),
  'node: forwarding off': () => shell(world.hosts.node1, forwardingOff),
  'node: bridge flaps': () => shell(world.hosts.node1, flap('mr0', bridgeAddress)),
  'node: link flaps': () => shell(world.hosts.node1, back('node1')),
  'gateway: something removed': () =>
    shell(world.hosts.gw1, removed(oneOf(['a rule', 'all rules', 'routes', 'the nft table', 'flows']))),
  'gateway: forwarding off': () => shell(world.hosts.gw1, forwardingOff),
  'gateway: link flaps': () => shell(world.hosts.gw1, back('gw1')),
  'gateway: uplink flaps': () => shell(world.hosts.gw1, flap('uplink0', `${addressesOf(6).uplink}/64`)),
  'member fails, and is back': async () => {
    await shell(world.hosts.upstream, deaf);
    await sleep(below(3000));
    await shell(world.hosts.upstream, 'nft delete table inet f');
  },
  'member drained, and back': async () => {
    if ((await mustredirect(world.hosts.node1, 'drain', 'gw1')).exitCode === 4) return;
    await sleep(below(2000));
    const isBack = async (): Promise<boolean> => {
      const { exitCode, stderr } = await mustredirect(world.hosts.node1, 'undrain', 'gw1');
      // It may have been given back by a command that the agent did not answer in time.
      return exitCode === 0 || stderr.includes('is not drained');
    };
    await waitFor('gw1 given back', isBack, patience);
  },
  'agent killed': async () => {
    const name = oneOf(['node1', 'gw1'] as const);
    await sleep(below(1500));
    await killAgent(name);
    await startAgent(name);
  },
  'agent killed in a repair': async () => {
    const name = oneOf(['node1', 'gw1'] as const);
    await killAgent(name);
    await startAgent(name, below(8));
    await shell(world.hosts[name], removed(oneOf(['all rules', 'routes', 'the nft table'])));
    await waitUntil(() => agents.get(name)?.ended() ?? true, 5000);
    await killAgent(name);
    await startAgent(name);
  },
  'agent killed in a failover': async () => {
    await shell(world.hosts.upstream, deaf);
    await sleep(below(1000));
    await killAgent('node1');
    await startAgent('node1');
    await sleep(below(1000));
    await shell(world.hosts.upstream, 'nft delete table inet f');
  },
  'file wrong for a moment': async () => {
    await Promise.all(
      [world.hosts.node1, world.hosts.gw1].map((host) => host.files.replace(filePath, 'version: 2\n')),
    );
    await sleep(below(2000));
    await file('');
  },
  'file changed': () => file(oneOf(['', '    flows: reset\n', '    snat: none\n'])),
  'apply beside the agent': async () => {
    await mustredirect(world.hosts.node1, 'apply', '--yes');
  },
};

/** `SOAK_FAULTS`: only those with this in their name. */
const chosen = Object.keys(faults).filter((name) => name.includes(process.env['SOAK_FAULTS'] ?? ''));

const isAsWanted = async (host: TestHost): Promise<boolean> =>
  (await mustredirect(host, 'plan', '--check')).exitCode === 0;

async function answers(): Promise<boolean> {
  const found = await Promise.all(
    families.map(async (family) => {
      const argv = ['ping', '-c', '1', '-W', '2', addressesOf(family).internet];
      return (await world.containers.run('web', argv)).exitCode === 0;
    }),
  );
  return found.every(Boolean);
}

async function untilConverged(): Promise<void> {
  // A file that has changed is taken after a second.
  const isConverged = async (): Promise<boolean> =>
    (await answers()) && (await isAsWanted(world.hosts.node1)) && (await isAsWanted(world.hosts.gw1));
  await waitFor('the hosts as the file says', isConverged, patience).catch((error: Error) => {
    const logs = [...agents].map(([name, agent]) => `${name}:\n${agent.output().stderr}`);
    throw new Error(`${error.message}\n${story()}\n${logs.join('\n')}`);
  });
}

const story = (): string => `SOAK_SEED=${seed}\n${history.join('\n')}`;

/** Open files, child programs and resident memory in MB of the agent of node1. */
async function sizeOfAgent() {
  const { stdout } = await world.hosts.node1.exec.run(['pgrep', '-f', 'start.js agent']);
  const inside = stdout.trim().split('\n')[0] ?? '';
  const text = await world.hosts.node1.run(['cat', `/proc/${inside}/status`]);
  const count = async (script: string): Promise<number> =>
    Number((await world.hosts.node1.run(['sh', '-c', script])).trim());
  return {
    files: await count(`ls /proc/${inside}/fd | wc -l`),
    children: await count(`pgrep -c -P ${inside}`),
    memory: Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024),
  };
}

it('control: without the file, packets leave by the isp', async () => {
  expect(await leaksDuring(world, () => sleep(1000))).toBeGreaterThan(0);
});

it(
  `${minutes} minutes of random faults: the hosts come back, and nothing leaves by another way`,
  { timeout: minutes * 60_000 + 6 * patience },
  async () => {
    for (const host of [world.hosts.gw1, world.gw2, world.hosts.node1])
      await mustSucceed(host, 'apply', '--yes');
    await startAgent('node1');
    await startAgent('gw1');
    await untilConverged();
    const sizes: Awaited<ReturnType<typeof sizeOfAgent>>[] = [];
    let leaked = 0;
    await leaksDuring(world, async (soFar) => {
      const end = performance.now() + minutes * 60_000;
      while (performance.now() < end) {
        const some = Array.from({ length: 1 + below(2) }, () => oneOf(chosen));
        history.push(some.join(', then '));
        for (const name of some) {
          await faults[name]?.();
          await sleep(below(400));
        }
        await untilConverged();
        const packets = (await soFar()).filter(({ source }) => !ownAddresses.has(source));
        if (packets.length > leaked) history.push(`leaked: ${JSON.stringify(packets.slice(leaked))}`);
        leaked = packets.length;
        sizes.push(await sizeOfAgent());
      }
    });
    process.stdout.write(`${sizes.length} rounds, ${JSON.stringify(sizes.at(-1))}, SOAK_SEED=${seed}\n`);
    if (leaked > 0) throw new Error(`${leaked} packets left by another way\n${story()}`);
    // A look at the host starts programs, and opens files: the least of some samples is what stays.
    const least = (of: 'files' | 'children', some: typeof sizes): number =>
      Math.min(...some.map((one) => one[of]));
    const [first, last] = [sizes.slice(0, 3), sizes.slice(-3)];
    expect(least('files', last)).toBeLessThan(least('files', first) + 10);
    expect(least('children', last)).toBeLessThan(least('children', first) + 4);
    // Node grows up to this before it collects; what is kept would go beyond.
    expect(sizes.at(-1)?.memory).toBeLessThan(200);
  },
);
