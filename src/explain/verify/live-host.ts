/** What a verification needs of the outside. */
import { execInside, inNetwork } from '../../host/namespaces.ts';
import type { Background, Exec, Host } from '../../host/ports.ts';

export interface LiveHost extends Host {
  readonly background: Background;
  /** path of the Node program that runs the probes: `process.execPath` */
  readonly node: string;
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
export async function forwardingObstacles({ files }: Host, { entry }: Place): Promise<string[]> {
  const device = entry ?? 'all';
  const value = await files.read(`/proc/sys/net/ipv4/conf/${device}/forwarding`);
  return value?.trim() === '0' ? [`net.ipv4.conf.${device}.forwarding is 0`] : [];
}

/** Runs programs in the network namespace of a process. */
export function execIn(host: Host, pid: number): Exec {
  return execInside(host.exec, (argv) => inNetwork(pid, argv));
}
