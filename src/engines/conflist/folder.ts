/** The folder of CNI networks. */
import type { Environment } from '../engine.ts';

/** NETCONFPATH is what cnitool and nerdctl go by, too. */
export function conflistFolder({ NETCONFPATH: folder }: Environment): string {
  return folder || '/etc/cni/net.d';
}
