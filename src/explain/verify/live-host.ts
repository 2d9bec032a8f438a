/** What a verification needs of the outside. */
import type { Background } from '../../host/background.ts';
import type { Host } from '../../host/ports.ts';

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

/** Enters the network namespace of a process, and nothing else of it. */
export function enter(pid: number): string[] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
}
