/**
 * Debian 13 as the node of a lab: podman 5.4 with netavark 1.14, whose firewall driver is nftables. The rest of the lab
 * is unchanged. `scripts/debian-13` creates its file system.
 */
import { dirname } from 'node:path';
import { preparePodman } from '../../src/lab/containers/podman.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World, WorldOptions } from '../../src/lab/world.ts';
import { programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

/** Folder that `scripts/debian-13` writes. */
const folder = '/var/cache/mustredirect-tests/debian-13';

/**
 * Replaces a host's root by an overlay of the folder, in memory like everything on a test host. Processes that enter
 * the host's mount namespace later see the new root, and so does its first process.
 */
const changeRoot = `
set -e
folder=$0 checkout=$1 node=$2 new=/run/lab/root/new
mkdir -p /run/lab/root/layer /run/lab/root/work $new
mount -t overlay -o "lowerdir=$folder,upperdir=/run/lab/root/layer,workdir=/run/lab/root/work" lab $new
for dir in proc sys dev; do mount --rbind /$dir $new/$dir; done
for dir in run tmp var/lib/containers; do
  mkdir -p $new/$dir
  mount -t tmpfs -o mode=755 lab $new/$dir
done
mkdir -p $new/run/lab/tmp $new/run/lock $new/old "$new$checkout" "$new\${node%/*}"
mount --bind "$checkout" "$new$checkout"
touch "$new$node"
mount --bind "$node" "$new$node"
cd $new
pivot_root . old
umount -l /old
`;

export async function createDebian13World(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await createTestWorld({ ...options, engine: 'podman-netavark' });
  try {
    const { node1 } = world.hosts;
    const checkout = dirname(dirname(programPath));
    await node1.run(['sh', '-c', changeRoot, folder, checkout, process.execPath]);
    const engine = { ...world.engine, reason: `podman ${await podmanVersion(node1)} with netavark` };
    return { ...world, engine, containers: await preparePodman(node1, engine) };
  } catch (error) {
    await world.down();
    throw error;
  }
}

async function podmanVersion(host: TestHost): Promise<string> {
  return (await host.run(['podman', '--version'])).trim().replace(/^podman version /, '');
}
