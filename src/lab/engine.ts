/** Chooses the engine for node1 from the installed ones. */
import { MustredirectError } from '../error.ts';
import type { Exec, Files, Host } from '../host/ports.ts';

export const labEngines = ['podman-netavark', 'podman-cni', 'docker', 'external'] as const;
export type LabEngine = (typeof labEngines)[number];

export interface EngineChoice {
  readonly engine: LabEngine;
  /** container runtime of the engine, `runc` or `crun` */
  readonly runtime: string;
  /** whether containers have cgroups, below one cgroup of the lab */
  readonly cgroups: boolean;
  /** engine of node1, or why there is none: `podman 4.3.1 with netavark` */
  readonly reason: string;
}

/** Chooses podman with netavark, else with CNI, else no engine. Docker is used only on request. */
export async function chooseEngine(machine: Host, wanted?: LabEngine): Promise<EngineChoice> {
  const choice = await chooseInstalled(machine, wanted);
  if (wanted === undefined || choice.engine === wanted) return choice;
  throw new MustredirectError('missing-tool', `${wanted} cannot run here: ${choice.reason}`);
}

async function chooseInstalled(machine: Host, wanted: LabEngine | undefined): Promise<EngineChoice> {
  if (wanted === 'external') return withoutEngine('namespaces on a bridge, without an engine');
  if (wanted === 'docker') return chooseDocker(machine);
  const podman = await versionOf(machine.exec, 'podman');
  if (!podman) return withoutEngine('podman is not installed: namespaces on a bridge instead');
  const cgroups = await hasCgroupV1(machine.files);
  // crun refuses mixed cgroup v1 and v2; runc requires cgroups.
  const runtime = cgroups ? 'runc' : 'crun';
  if (!(await versionOf(machine.exec, runtime))) {
    return withoutEngine(`podman needs ${runtime} here: namespaces on a bridge instead`);
  }
  const backends = await installedBackends(machine.files, podman);
  const engine = wanted ?? backends[0];
  if (!engine || !backends.includes(engine)) {
    return withoutEngine(`podman ${podman} has no network backend: namespaces on a bridge instead`);
  }
  return { engine, runtime, cgroups, reason: `podman ${podman} with ${engine.slice('podman-'.length)}` };
}

async function chooseDocker({ exec, files }: Host): Promise<EngineChoice> {
  const dockerd = await versionOf(exec, 'dockerd');
  if (!dockerd || !(await versionOf(exec, 'docker'))) return withoutEngine('docker is not installed');
  if (!(await versionOf(exec, 'runc'))) return withoutEngine('docker needs runc');
  const cgroups = await hasCgroupV1(files);
  return { engine: 'docker', runtime: 'runc', cgroups, reason: `docker ${dockerd}` };
}

function withoutEngine(reason: string): EngineChoice {
  return { engine: 'external', runtime: '', cgroups: false, reason };
}

async function installedBackends(files: Files, podman: string): Promise<readonly LabEngine[]> {
  const has = async (folders: readonly string[], name: string) =>
    (await Promise.all(folders.map((folder) => files.list(folder)))).some((names) => names.includes(name));
  const netavark = await has(['/usr/lib/podman', '/usr/libexec/podman'], 'netavark');
  // CNI is optional in podman 5, and Debian's podman 5 lacks it.
  const cni = Number.parseInt(podman, 10) < 5 && (await has(['/usr/lib/cni', '/opt/cni/bin'], 'bridge'));
  return [...(netavark ? ['podman-netavark' as const] : []), ...(cni ? ['podman-cni' as const] : [])];
}

async function hasCgroupV1(files: Files): Promise<boolean> {
  return !(await files.list('/sys/fs/cgroup')).includes('cgroup.controllers');
}

/** Undefined when the program is not installed. */
async function versionOf(exec: Exec, program: string): Promise<string | undefined> {
  const found = await exec.run(['sh', '-c', 'command -v "$0" >/dev/null && "$0" --version', program]);
  return /\d+(\.\d+)+/.exec(found.stdout)?.[0];
}
