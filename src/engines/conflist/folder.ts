/** Folder of CNI network configuration files. */
import type { Environment } from '../engine.ts';

/** cnitool and nerdctl read NETCONFPATH, too. */
export function conflistFolder({ NETCONFPATH: folder }: Environment): string {
  return folder || '/etc/cni/net.d';
}
