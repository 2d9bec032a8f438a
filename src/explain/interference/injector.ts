/**
 * Injects packets as if they came in by any device of this host: a temporary network namespace sends them over a veth,
 * and tc's `mirred ingress redirect` at its end hands each packet to the device. The kernel then treats it as received
 * there. All objects are removed when the process that owns the namespace ends.
 */
import { randomBytes } from 'node:crypto';
import { type Address, type Family, familyOf, subnetOfAddress } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/process/background.ts';
import { commandError, runOrFail } from '../../host/process/exec.ts';
import { inNetwork } from '../../host/process/namespaces.ts';
import type { Running } from '../../host/ports.ts';
import { holderArgv, pidOf } from '../../verify/namespace/holder.ts';
import { type LiveHost, execIn } from '../../verify/live-host.ts';
import type { ProbePacket } from './flow.ts';
import { injectorProgram } from './injector-program.ts';

export interface Ingress {
  /** source address of the packets */
  readonly source: Address;
  /** device by which the packets come in */
  readonly device: string;
}

export interface Injector {
  /** Returns once the kernel has all packets. Throws when it refuses one. */
  send(probePackets: readonly ProbePacket[]): Promise<void>;
  end(): Promise<void>;
}

/** Hop limit of the packets: the next hop receives them, and forwards none. */
const hopLimit = 2;
const inside = 'mrp0';
const timeout = 5000;

export async function openInjector(host: LiveHost, ingresses: readonly Ingress[]): Promise<Injector> {
  const holder = await host.background.start(holderArgv);
  const link = `mrp${randomBytes(5).toString('hex')}`;
  const end = async (): Promise<void> => {
    await host.exec.run(['ip', 'link', 'delete', link]);
    await holder.stop();
  };
  try {
    const pid = await pidOf(holder);
    await join(host, pid, link, ingresses);
    const sender = await host.background.start(inNetwork(pid, [host.node, '-e', injectorProgram]));
    return {
      send: (probePackets) => sendAll(sender, probePackets),
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

async function join(host: LiveHost, pid: number, link: string, ingresses: readonly Ingress[]): Promise<void> {
  const mac = 'fe:ff:6d:72:70:01';
  const peer = `peer name ${inside} netns ${pid}`.split(' ');
  await runOrFail(host.exec, ['ip', 'link', 'add', link, 'address', mac, 'type', 'veth', ...peer]);
  await runOrFail(host.exec, ['ip', '-batch', '-'], {
    input: `link set ${link} addrgenmode none\nlink set ${link} up\n`,
  });
  await redirect(host, link, ingresses);
  const exec = execIn(host, pid);
  await runOrFail(exec, ['ip', '-batch', '-'], {
    input: `link set ${inside} addrgenmode none\nlink set ${inside} up\n`,
  });
  for (const family of [4, 6] as const) {
    const some = ingresses.filter(({ source }) => familyOf(source) === family);
    if (some.length === 0) continue;
    const input = insideLines(family, some, mac).map((line) => `${line}\n`);
    await runOrFail(exec, ['ip', `-${family}`, '-batch', '-'], { input: input.join('') });
  }
}

async function redirect(host: LiveHost, link: string, ingresses: readonly Ingress[]): Promise<void> {
  const lines = [
    `qdisc add dev ${link} ingress`,
    ...ingresses.map(({ source, device }) => {
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

/** Adds every source address inside; without the rule for table local, packets to them leave by the veth. */
function insideLines(family: Family, ingresses: readonly Ingress[], mac: string): string[] {
  const nextHop = nextHops[family];
  const sources = [...new Set(ingresses.map(({ source }) => source))];
  return [
    ...sources.map(
      (source) =>
        `address add ${subnetOfAddress(source)} dev ${inside}${family === 6 ? ' nodad noprefixroute' : ''}`,
    ),
    // With its default rules, IPv6 skips the rule lookup: adding a rule ends that.
    'rule add preference 1 lookup main',
    'rule delete preference 0',
    `neighbor add ${nextHop} lladdr ${mac} dev ${inside} nud permanent`,
    `route add default via ${nextHop} dev ${inside} onlink hoplimit ${hopLimit}`,
  ];
}

async function sendAll(sender: Running, probePackets: readonly ProbePacket[]): Promise<void> {
  const lines = (): string[] => sender.output().stdout.split('\n').slice(0, -1);
  const before = lines().length;
  sender.write(`${JSON.stringify(probePackets)}\n`);
  await waitUntil(() => lines().length > before || sender.ended(), timeout);
  const line = lines()[before];
  if (line === 'sent') return;
  const reason = line ?? (sender.output().stderr.trim() || 'no answer');
  throw new MustredirectError('failed', `the probe could not be sent: ${reason}`);
}
