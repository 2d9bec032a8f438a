/** A world for real podman: namespaces, storage, configuration and network files of its own, gone with `remove`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createExec, runOrFail } from '../../src/host/exec.ts';
import { createFiles } from '../../src/host/files.ts';
import type { Exec, Host } from '../../src/host/ports.ts';

export interface PodmanWorld {
  /** programs run inside; files are those of the machine, and all of the world's lie in `folder` */
  readonly host: Host;
  readonly folder: string;
  /** where podman keeps its networks */
  readonly networks: string;
  /** what podman, and whoever reads its configuration, must have in the environment */
  readonly env: Readonly<Record<string, string>>;
  /** for `podman run --cgroup-parent` */
  readonly cgroup: string;
  /** an image with busybox */
  readonly image: string;
  /** gives the stdout of a program that must succeed */
  readonly run: (...argv: readonly string[]) => Promise<string>;
  /** twice is once */
  readonly remove: () => Promise<void>;
}

/**
 * /run and /var/lib are the world's own, dpkg's part excepted: podman asks it for versions. It lasts as long as
 * somebody holds the other end of fd 0, so that a killed test leaves no process behind.
 */
const init = `
  mount -n -t tmpfs tmpfs /run && mkdir -p /run/lock /run/netns /run/dpkg
  mount --bind /var/lib/dpkg /run/dpkg && mount -t tmpfs tmpfs /var/lib
  mkdir /var/lib/dpkg && mount --move /run/dpkg /var/lib/dpkg
  ip link set lo up || exit 1
  exec 3<&0
  cat <&3 & echo ready
  wait $!
`;

export async function createPodmanWorld(backend: 'cni' | 'netavark'): Promise<PodmanWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'mustredirect-podman-'));
  const env = await writeConfiguration(folder, backend);
  const holder = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', init],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const cgroup = `/${basename(folder)}`;
  const remove = async () => {
    await end(holder);
    await removeCgroups(cgroup);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const exec = execInside(await whenReady(holder), env);
    const run = (...argv: readonly string[]) => runOrFail(exec, argv);
    const image = await importBusybox(folder, run);
    const networks = join(folder, 'networks');
    return { host: { exec, files: createFiles() }, folder, networks, env, cgroup, image, run, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function execInside(pid: string, env: Readonly<Record<string, string>>): Exec {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const inside = ['nsenter', '-t', pid, '--net', '--mount', '--pid', '--', 'env', ...settings];
  const exec = createExec();
  return { run: (argv, options) => exec.run([...inside, ...argv], options) };
}

async function writeConfiguration(folder: string, backend: string): Promise<Record<string, string>> {
  await mkdir(join(folder, 'networks'));
  const conf = [
    '[containers]',
    'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
    '[network]',
    `network_backend = "${backend}"`,
    `network_config_dir = "${folder}/networks"`,
    'cni_plugin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]',
    '[engine]',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    'runtime = "runc"',
    `tmp_dir = "${folder}/tmp"`,
  ];
  const storage = [
    '[storage]',
    'driver = "vfs"',
    `graphroot = "${folder}/root"`,
    `runroot = "${folder}/runroot"`,
  ];
  await writeFile(join(folder, 'containers.conf'), `${conf.join('\n')}\n`);
  await writeFile(join(folder, 'storage.conf'), `${storage.join('\n')}\n`);
  return {
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  };
}

/** Gives the pid of the world's first process, once its mounts are there. */
async function whenReady(holder: ChildProcess): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    holder.stdout?.once('data', () => resolve());
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`unshare: exit ${code}`)));
  });
  return (await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8')).trim();
}

async function importBusybox(folder: string, run: PodmanWorld['run']): Promise<string> {
  const image = 'localhost/busybox';
  const rootfs = join(folder, 'rootfs');
  await mkdir(join(rootfs, 'bin'), { recursive: true });
  await cp('/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const applet of ['sh', 'sleep', 'true', 'ip', 'ping']) {
    await symlink('busybox', join(rootfs, 'bin', applet));
  }
  await run('tar', '-C', rootfs, '-cf', join(folder, 'rootfs.tar'), '.');
  await run('podman', 'import', '--change', 'CMD sleep 1000', join(folder, 'rootfs.tar'), image);
  return image;
}

/** With its first process, all others of the world end, and then its mounts and interfaces go. */
async function end(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const gone = new Promise((resolve) => holder.once('exit', resolve));
  holder.stdin?.end();
  await gone;
}

/** In every hierarchy: version 2 has one, version 1 one for each controller. */
async function removeCgroups(name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  for (const hierarchy of [root, ...(await foldersOf(root))]) {
    await removeTree(join(hierarchy, name));
  }
}

async function removeTree(folder: string, tries = 50): Promise<void> {
  for (const inner of await foldersOf(folder)) await removeTree(inner);
  try {
    await rmdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    // The kernel lets go of a group a moment after its last process ended.
    if (code !== 'EBUSY' || tries === 0) throw error;
    await sleep(100);
    await removeTree(folder, tries - 1);
  }
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
