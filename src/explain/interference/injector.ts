/**
 * Lets packets come into this host by any of its devices: they are sent from a temporary network namespace over a veth, at
 * whose end tc's `mirred ingress redirect` hands each to the device where it should come in. From there on the kernel takes
 * it for one that came by that device's wire. All of it goes when the process ends that the namespace belongs to.
 */
import { randomBytes } from 'node:crypto';
import { type Address, type Family, familyOf, subnetOfAddress } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/process/background.ts';
import { commandError, runOrFail } from '../../host/process/exec.ts';
import { inNetwork } from '../../host/process/namespaces.ts';
import type { Running } from '../../host/ports.ts';
import { holderArgv, pidOf } from '../../verify/place/holder.ts';
import { type LiveHost, execIn } from '../../verify/live-host.ts';
import type { Shot } from './flow.ts';
import { injectorProgram } from './injector-program.ts';

export interface Entrance {
  /** the source of the packets */
  readonly source: Address;
  /** by which they come in */
  readonly device: string;
}

export interface Injector {
  /** Returns when all have been handed to the kernel. Throws when one could not be. */
  send(shots: readonly Shot[]): Promise<void>;
  end(): Promise<void>;
}

/** On their last hop but one: the next hop gets them, and nobody beyond. */
const hopLimit = 2;
const inside = 'mrp0';
const patience = 5000;

export async function openInjector(host: LiveHost, entrances: readonly Entrance[]): Promise<Injector> {
  const holder = await host.background.start(holderArgv);
  const link = `mrp${randomBytes(5).toString('hex')}`;
  const end = async (): Promise<void> => {
    await host.exec.run(['ip', 'link', 'delete', link]);
    await holder.stop();
  };
  try {
    const pid = await pidOf(holder);
    await join(host, pid, link, entrances);
    const sender = await host.background.start(inNetwork(pid, [host.node, '-e', injectorProgram]));
    return {
      send: (shots) => sendAll(sender, shots),
      async end() {
        await sender.stop();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function join(
  host: LiveHost,
  pid: number,
  link: string,
  entrances: readonly Entrance[],
): Promise<void> {
  const mac = 'fe:ff:6d:72:70:01';
  const peer = `peer name ${inside} netns ${pid}`.split(' ');
  await runOrFail(host.exec, ['ip', 'link', 'add', link, 'address', mac, 'type', 'veth', ...peer]);
  await runOrFail(host.exec, ['ip', '-batch', '-'], {
    input: `link set ${link} addrgenmode none\nlink set ${link} up\n`,
  });
  await redirect(host, link, entrances);
  const exec = execIn(host, pid);
  await runOrFail(exec, ['ip', '-batch', '-'], {
    input: `link set ${inside} addrgenmode none\nlink set ${inside} up\n`,
  });
  for (const family of [4, 6] as const) {
    const some = entrances.filter(({ source }) => familyOf(source) === family);
    if (some.length === 0) continue;
    const input = insideLines(family, some, mac).map((line) => `${line}\n`);
    await runOrFail(exec, ['ip', `-${family}`, '-batch', '-'], { input: input.join('') });
  }
}

async function redirect(host: LiveHost, link: string, entrances: readonly Entrance[]): Promise<void> {
  const lines = [
    `qdisc add dev ${link} ingress`,
    ...entrances.map(({ source, device }) => {
      const [protocol, match, preference] =
        familyOf(source) === 4 ? (['ip', 'ip', 1] as const) : (['ipv6', 'ip6', 2] as const);
      return `filter add dev ${link} ingress prio ${preference} protocol ${protocol} u32 match ${match} src ${subnetOfAddress(source)} action mirred ingress redirect dev ${device}`;
    }),
  ];
  const argv = ['tc', '-batch', '-'];
  const output = await host.exec.run(argv, { input: lines.map((line) => `${line}\n`).join('') });
  if (output.exitCode === 0) return;
  throw new MustredirectError('failed', commandError(argv, output).message, {
    hint: 'the kernel needs sch_ingress, cls_u32 and act_mirred for it',
  });
}

const nextHops: Readonly<Record<Family, Address>> = { 4: '169.254.0.1', 6: 'fe80::1' };

/** Every address is its own, and yet none is reached inside: without the rule that looks for them, all goes out. */
function insideLines(family: Family, entrances: readonly Entrance[], mac: string): string[] {
  const nextHop = nextHops[family];
  const sources = [...new Set(entrances.map(({ source }) => source))];
  return [
    ...sources.map(
      (source) =>
        `address add ${subnetOfAddress(source)} dev ${inside}${family === 6 ? ' nodad noprefixroute' : ''}`,
    ),
    // With no rule added, IPv6 takes a short cut that does not ask for the rules.
    'rule add preference 1 lookup main',
    'rule delete preference 0',
    `neighbor add ${nextHop} lladdr ${mac} dev ${inside} nud permanent`,
    `route add default via ${nextHop} dev ${inside} onlink hoplimit ${hopLimit}`,
  ];
}

async function sendAll(sender: Running, shots: readonly Shot[]): Promise<void> {
  const lines = (): string[] => sender.said().stdout.split('\n').slice(0, -1);
  const before = lines().length;
  sender.tell(`${JSON.stringify(shots)}\n`);
  await waitUntil(() => lines().length > before || sender.ended(), patience);
  const said = lines()[before];
  if (said === 'sent') return;
  const reason = said ?? (sender.said().stderr.trim() || 'no answer');
  throw new MustredirectError('failed', `the probe could not be sent: ${reason}`);
}
