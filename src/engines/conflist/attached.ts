/**
 * Who is attached to a CNI network, when nobody can be asked: the ports of its bridge, and what the plugin host-local
 * keeps of them, a file for each address with the container's id in it.
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
  // What is written down and has no port was left behind, as by a crash.
  if (ports.length === 0) return [];
  const known = await readHostLocal(files, join(dataDir, name));
  if (known.size > 0) {
    return [...known].map(([id, addresses]) => ({ name: id.slice(0, 12), running: true, addresses }));
  }
  return [...ports].sort().map((port) => ({ name: `the one at ${port}`, running: true }));
}

/** Container id -> its addresses. */
async function readHostLocal(files: Files, folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  // Beside the addresses: `lock`, and `last_reserved_ip.0`.
  const names = (await files.list(folder)).filter((name) => parseAddress(name) !== undefined);
  const found = new Map<string, readonly string[]>();
  for (const address of names.sort()) {
    // The id, and since plugins 0.8 the interface on a second line.
    const id = (await files.read(join(folder, address)))?.split(/\r?\n/)[0]?.trim();
    if (id) found.set(id, [...(found.get(id) ?? []), address]);
  }
  return found;
}

/** The same as a command for a reader of `render`: one line for each address. */
export function attachedCommand(name: string): readonly string[] {
  const script = 'ls -A "$0" 2>/dev/null | grep -vE "^(lock|last_reserved_ip\\..*)$" || true';
  return ['sh', '-c', script, join(hostLocalFolder, name)];
}
