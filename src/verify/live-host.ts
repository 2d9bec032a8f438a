/** Ports that a verification needs. */
import { type Family, familyOf } from '../address/cidr.ts';
import { execInside, inNetwork } from '../host/process/namespaces.ts';
import type { Background, Exec, Host } from '../host/ports.ts';
import type { Progress } from '../host/progress.ts';

export interface LiveHost extends Host {
  readonly background: Background;
  /** path of the Node program that runs the probes: `process.execPath` */
  readonly node: string;
  readonly progress?: Progress | undefined;
}

/** Network namespace from which packets are sent. */
export interface Sender {
  /** a process in the network namespace */
  readonly pid: number;
  /** source address of the packets there */
  readonly source: string;
  /** device by which the packets come into this host, if known */
  readonly ingress?: string;
  /** text for the report: `container web (10.89.4.7)` */
  readonly from: string;
}

/** Sysctls of this host that keep a sender's packets from being forwarded. */
export async function forwardingObstacles({ files }: Host, { ingress, source }: Sender): Promise<string[]> {
  const family = familyOf(source);
  // With IPv6, `all` enables forwarding; a device's own value only decides whether it accepts router advertisements.
  const device = family === 6 ? 'all' : (ingress ?? 'all');
  const value = await files.read(`/proc/sys/net/${directory[family]}/conf/${device}/forwarding`);
  return value?.trim() === '0' ? [`net.${directory[family]}.conf.${device}.forwarding is 0`] : [];
}

const directory: Readonly<Record<Family, string>> = { 4: 'ipv4', 6: 'ipv6' };

/** Runs programs in the network namespace of a process. */
export function execIn(host: Host, pid: number): Exec {
  return execInside(host.exec, (argv) => inNetwork(pid, argv));
}
