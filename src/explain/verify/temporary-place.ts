/**
 * A network namespace for the moment, joined to this host by a veth. It belongs to a process that reads our
 * pipe: when we end, however that happens, the process ends, and the kernel takes the namespace, the veth,
 * and with it every route and neighbour entry on it.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, prefixLength, type Subnet } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { type Running, waitUntil } from '../../host/background.ts';
import { commandError, runOrFail } from '../../host/exec.ts';
import { type LiveHost, type Place, enter } from './live-host.ts';

/** How the veth is joined to the host. */
export type Joint =
  | {
      readonly kind: 'bridge';
      readonly bridge: string;
      readonly subnet: Subnet;
      /** the bridge's own address, the containers' way out */
      readonly gateway: Address;
    }
  /** routed: a /32 on the host's main table, and no address on the host's end */
  | { readonly kind: 'route' };

/**
 * Runs `work` in a namespace of its own that has this address. Throws `busy` when the address is taken by
 * another verification; the veth is named after the address, so the kernel sees to that.
 */
export async function withTemporaryPlace<T>(
  host: LiveHost,
  address: Address,
  joint: Joint,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  // It tells its pid itself: ours would be another one's when something stands between.
  const holder = await host.background.start(['unshare', '--net', '--', 'sh', '-c', 'echo $$; exec cat']);
  const link = linkName(address);
  let joined = false;
  try {
    const pid = await pidOf(holder);
    await addVeth(host, link, address, pid);
    joined = true;
    await join(host, link, address, joint, pid);
    const entry = joint.kind === 'bridge' ? joint.bridge : link;
    return await work({ pid, source: address, entry, from: describe(address, joint) });
  } finally {
    // Not left to the end of the namespace, which the kernel puts off: gone means gone when we return.
    if (joined) await leave(host, link, address, joint);
    await holder.stop();
  }
}

async function pidOf(holder: Running): Promise<number> {
  const tells = (): boolean => holder.said().stdout.includes('\n');
  await waitUntil(() => tells() || holder.ended(), 5000);
  if (!tells()) throw commandError(['unshare', '--net'], await holder.stop());
  return Number(holder.said().stdout);
}

/** At most 15 characters, and the same for the same address. */
export function linkName(address: Address): string {
  return `mrv${createHash('sha256').update(address).digest('hex').slice(0, 10)}`;
}

/**
 * Link-layer addresses of our own. The host's end has the highest that there is: a bridge takes the lowest
 * of its ports as its own, and must not change it because of us.
 */
function macs(link: string): { readonly outer: string; readonly inner: string } {
  const unique = [0, 2, 4, 6].map((at) => link.slice(3 + at, 5 + at)).join(':');
  return { outer: `fe:ff:${unique}`, inner: `0a:ff:${unique}` };
}

const insideLink = 'mrv0';

async function addVeth(host: LiveHost, link: string, address: Address, pid: number): Promise<void> {
  const { outer, inner } = macs(link);
  const peer = ['peer', 'name', insideLink, 'address', inner, 'netns', `${pid}`];
  const argv = ['ip', 'link', 'add', link, 'address', outer, 'type', 'veth', ...peer];
  const output = await host.exec.run(argv);
  if (output.exitCode === 0) return;
  if (/File exists/.test(output.stderr)) {
    throw new MustredirectError('busy', `${link}: another verification is using ${address}`, {
      hint: 'try again when it has ended',
    });
  }
  throw commandError(argv, output);
}

async function join(
  host: LiveHost,
  link: string,
  address: Address,
  joint: Joint,
  pid: number,
): Promise<void> {
  const outside = joint.kind === 'bridge' ? bridgedOutside(link, joint) : routedOutside(link, address);
  const inside = joint.kind === 'bridge' ? bridgedInside(address, joint) : routedInside(link, address);
  await runOrFail(host.exec, ['ip', '-batch', '-'], { input: lines(outside) });
  await runOrFail(host.exec, [...enter(pid), 'ip', '-batch', '-'], { input: lines(inside) });
}

function bridgedOutside(link: string, { bridge }: Extract<Joint, { kind: 'bridge' }>): string[] {
  return [`link set ${link} addrgenmode none`, `link set ${link} master ${bridge}`, `link set ${link} up`];
}

function bridgedInside(address: Address, joint: Extract<Joint, { kind: 'bridge' }>): string[] {
  return [
    `link set ${insideLink} addrgenmode none`,
    `link set ${insideLink} up`,
    `address add ${address}/${prefixLength(joint.subnet)} dev ${insideLink}`,
    `route add default via ${joint.gateway}`,
  ];
}

/** Neighbours are given, not asked for: the host's end has no address that could answer. */
function routedOutside(link: string, address: Address): string[] {
  return [
    `link set ${link} addrgenmode none`,
    `link set ${link} up`,
    `neighbor add ${address} lladdr ${macs(link).inner} dev ${link} nud permanent`,
    `route add ${address}/32 dev ${link}`,
  ];
}

function routedInside(link: string, address: Address): string[] {
  const nobody = '169.254.0.1';
  return [
    `link set ${insideLink} addrgenmode none`,
    `link set ${insideLink} up`,
    `address add ${address}/32 dev ${insideLink}`,
    `neighbor add ${nobody} lladdr ${macs(link).outer} dev ${insideLink} nud permanent`,
    `route add default via ${nobody} dev ${insideLink} onlink src ${address}`,
  ];
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}

/** Failures are passed over: the end of the namespace takes the link all the same. */
async function leave(host: LiveHost, link: string, address: Address, joint: Joint): Promise<void> {
  await host.exec.run(['ip', 'link', 'delete', link]);
  if (joint.kind === 'bridge') await host.exec.run(['ip', 'neigh', 'delete', address, 'dev', joint.bridge]);
}

function describe(address: Address, joint: Joint): string {
  return joint.kind === 'bridge'
    ? `a namespace for the moment on ${joint.bridge} (${address})`
    : `a namespace for the moment (${address})`;
}

/** Tries again while another verification has the address, for as long as one may take. */
export async function whenFree<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const busy = error instanceof MustredirectError && error.code === 'busy';
      if (!busy || performance.now() > deadline) throw error;
      await sleep(200);
    }
  }
}
