/** Which engine node1 runs, chosen from what is installed. */
import { MustredirectError } from '../error.ts';
import type { Exec, Files, Host } from '../host/ports.ts';

export const labEngines = ['podman-netavark', 'podman-cni', 'docker', 'external'] as const;
export type LabEngine = (typeof labEngines)[number];

export interface EngineChoice {
  readonly engine: LabEngine;
  /** the container runtime that the engine uses, `runc` or `crun` */
  readonly runtime: string;
  /** whether containers have cgroups, below one of the lab's own */
  readonly cgroups: boolean;
  /** what node1 runs, and why: `podman 4.3.1 with netavark` */
  readonly reason: string;
}

/** Podman with netavark, else with CNI, else none: what is installed decides. Docker runs where it is asked for. */
export async function chooseEngine(machine: Host, wanted?: LabEngine): Promise<EngineChoice> {
  const choice = await chooseInstalled(machine, wanted);
  if (wanted === undefined || choice.engine === wanted) return choice;
  throw new MustredirectError('missing-tool', `${wanted} cannot run here: ${choice.reason}`);
}

async function chooseInstalled(machine: Host, wanted: LabEngine | undefined): Promise<EngineChoice> {
  if (wanted === 'external') return none('namespaces on a bridge, without an engine');
  if (wanted === 'docker') return chooseDocker(machine);
  const podman = await versionOf(machine.exec, 'podman');
  if (!podman) return none('podman is not installed: namespaces on a bridge instead');
  const cgroups = await hasCgroupV1(machine.files);
  // crun refuses cgroup v1 and v2 side by side; runc cannot do without cgroups.
  const runtime = cgroups ? 'runc' : 'crun';
  if (!(await versionOf(machine.exec, runtime))) {
    return none(`podman needs ${runtime} here: namespaces on a bridge instead`);
  }
  const backends = await installedBackends(machine.files, podman);
  const engine = wanted ?? backends[0];
  if (!engine || !backends.includes(engine)) {
    return none(`podman ${podman} has no network backend: namespaces on a bridge instead`);
  }
  return { engine, runtime, cgroups, reason: `podman ${podman} with ${engine.slice('podman-'.length)}` };
}

async function chooseDocker({ exec, files }: Host): Promise<EngineChoice> {
  const dockerd = await versionOf(exec, 'dockerd');
  if (!dockerd || !(await versionOf(exec, 'docker'))) return none('docker is not installed');
  if (!(await versionOf(exec, 'runc'))) return none('docker needs runc');
  const cgroups = await hasCgroupV1(files);
  return { engine: 'docker', runtime: 'runc', cgroups, reason: `docker ${dockerd}` };
}

function none(reason: string): EngineChoice {
  return { engine: 'external', runtime: '', cgroups: false, reason };
}

async function installedBackends(files: Files, podman: string): Promise<readonly LabEngine[]> {
  const has = async (folders: readonly string[], name: string) =>
    (await Promise.all(folders.map((folder) => files.list(folder)))).some((names) => names.includes(name));
  const netavark = await has(['/usr/lib/podman', '/usr/libexec/podman'], 'netavark');
  // Podman 5 can do without CNI, and Debian's does.
  const cni = Number.parseInt(podman, 10) < 5 && (await has(['/usr/lib/cni', '/opt/cni/bin'], 'bridge'));
  return [...(netavark ? ['podman-netavark' as const] : []), ...(cni ? ['podman-cni' as const] : [])];
}

async function hasCgroupV1(files: Files): Promise<boolean> {
  return !(await files.list('/sys/fs/cgroup')).includes('cgroup.controllers');
}

/** Nothing when the program is not installed. */
async function versionOf(exec: Exec, program: string): Promise<string | undefined> {
  const found = await exec.run(['sh', '-c', 'command -v "$0" >/dev/null && "$0" --version', program]);
  return /\d+(\.\d+)+/.exec(found.stdout)?.[0];
}
