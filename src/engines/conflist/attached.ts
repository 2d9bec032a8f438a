/**
 * Containers attached to a CNI network without an engine: read from the ports of the bridge and from the files of the
 * host-local plugin, one for each address, which hold the container's id.
 */
import { join } from 'node:path';
import { parseAddress } from '../../address/cidr.ts';
import type { Files } from '../../host/ports.ts';
import type { AttachedContainer } from '../../state/facts.ts';
import type { BridgeNetwork } from './bridge-network.ts';

const hostLocalFolder = '/var/lib/cni/networks';

export async function readAttached(
  files: Files,
  name: string,
  { bridge, dataDir = hostLocalFolder }: BridgeNetwork,
): Promise<AttachedContainer[]> {
  const ports = bridge === undefined ? [] : await files.list(`/sys/class/net/${bridge}/brif`);
  // Without a port, the host-local files are left over, for example after a crash.
  if (ports.length === 0) return [];
  const known = await readHostLocal(files, join(dataDir, name));
  if (known.size > 0) {
    return [...known].map(([id, addresses]) => ({ name: id.slice(0, 12), running: true, addresses }));
  }
  return [...ports].sort().map((port) => ({ name: `the one at ${port}`, running: true }));
}

/** Container id -> addresses. */
async function readHostLocal(files: Files, folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  // The folder also holds `lock` and `last_reserved_ip.0`.
  const names = (await files.list(folder)).filter((name) => parseAddress(name) !== undefined);
  const found = new Map<string, readonly string[]>();
  for (const address of names.sort()) {
    // Line 1 is the container id; since plugins 0.8, line 2 is the interface.
    const id = (await files.read(join(folder, address)))?.split(/\r?\n/)[0]?.trim();
    if (id) found.set(id, [...(found.get(id) ?? []), address]);
  }
  return found;
}

/** Shell command that `render` prints to list attached containers: one line for each address. */
export function attachedCommand(name: string): readonly string[] {
  const script = 'ls -A "$0" 2>/dev/null | grep -vE "^(lock|last_reserved_ip\\..*)$" || true';
  return ['sh', '-c', script, join(hostLocalFolder, name)];
}
