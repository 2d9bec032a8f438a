/** The ports that a verification needs. */
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

/** Somewhere to send packets from. */
export interface Place {
  /** a process in the network namespace */
  readonly pid: number;
  /** the address that the packets have there */
  readonly source: string;
  /** the device by which its packets come into this host, where that is known */
  readonly entry?: string;
  /** for the report: `container web (10.89.4.7)` */
  readonly from: string;
}

/** Why this host would not pass on what comes from a place, as far as its settings tell. */
export async function forwardingObstacles({ files }: Host, { entry, source }: Place): Promise<string[]> {
  const family = familyOf(source);
  // With IPv6 one setting is for all devices: a device's own only says whether it believes in routers.
  const device = family === 6 ? 'all' : (entry ?? 'all');
  const value = await files.read(`/proc/sys/net/${directory[family]}/conf/${device}/forwarding`);
  return value?.trim() === '0' ? [`net.${directory[family]}.conf.${device}.forwarding is 0`] : [];
}

const directory: Readonly<Record<Family, string>> = { 4: 'ipv4', 6: 'ipv6' };

/** Runs programs in the network namespace of a process. */
export function execIn(host: Host, pid: number): Exec {
  return execInside(host.exec, (argv) => inNetwork(pid, argv));
}
