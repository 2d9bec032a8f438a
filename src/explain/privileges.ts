/** Powers of a container process that let it bypass every rule of the host. */
import type { Process, Processes } from '../host/process/processes.ts';
import type { EngineName } from '../spec/spec.ts';

export interface Privileges {
  /** capability names without `CAP_`; `all` means all that processes of this host can have */
  readonly capabilities: readonly string[] | 'all';
  /** whether it sees this host's processes, and can enter their namespaces */
  readonly hostPid: boolean;
}

/** Numbers from linux/capability.h. */
const rootLike = { DAC_READ_SEARCH: 2, SYS_MODULE: 16, SYS_RAWIO: 17, SYS_ADMIN: 21 } as const;
const netAdmin = { NET_ADMIN: 12 } as const;
/** SYS_PTRACE allows a process to take over others, which include this host's only with the host's process ids. */
const withHostPid = { SYS_PTRACE: 19 } as const;

/**
 * Undefined without powers. In a user namespace of its own, capabilities apply only to resources of that namespace:
 * neither to this host's network namespace nor to its processes.
 */
export function privilegesOf(process: Process, own: Processes['own']): Privileges | undefined {
  if (process.user !== own.user) return undefined;
  const hostPid = process.pid === own.pid;
  const isAll = own.bounding !== 0n && (process.bounding & own.bounding) === own.bounding;
  const counting = { ...netAdmin, ...rootLike, ...(hostPid ? withHostPid : {}) };
  const held = Object.entries(counting)
    .filter(([, number]) => (process.bounding >> BigInt(number)) & 1n)
    .map(([name]) => name);
  return hostPid || held.length > 0 ? { capabilities: isAll ? 'all' : held, hostPid } : undefined;
}

/** `CAP_NET_ADMIN and this host's process ids` */
export function privilegesText({ capabilities, hostPid }: Privileges): string {
  const names = capabilities === 'all' ? ['all capabilities'] : capabilities.map((name) => `CAP_${name}`);
  return listed([...names, ...(hostPid ? ["this host's process ids"] : [])]);
}

/** Consequence of the strongest power. */
export function consequence({ capabilities }: Privileges): string {
  if (capabilities === 'all' || capabilities.some((name) => name !== 'NET_ADMIN'))
    return 'it can act as root of this host, and leave past every rule';
  return capabilities.length > 0
    ? "it can make a link of its own in this host's network namespace, and leave by that past every rule"
    : 'it can take over processes that are not redirected, such as those of other containers';
}

/** Options to remove, and the user namespace that makes the container harmless. */
export function remedyFor(privileges: Privileges, engine: EngineName): string {
  return `start it without ${listed(options(privileges, engine))}${userNamespace(engine)}`;
}

function options({ capabilities, hostPid }: Privileges, engine: EngineName): string[] {
  const hasOptions = engine === 'podman' || engine === 'docker' || engine === 'nerdctl';
  if (!hasOptions)
    return [capabilities === 'all' ? 'most of its capabilities' : privilegesText({ capabilities, hostPid })];
  const names =
    capabilities === 'all' ? ['`--privileged`'] : capabilities.map((name) => `\`--cap-add ${name}\``);
  return [...names, ...(hostPid ? ['`--pid host`'] : [])];
}

function userNamespace(engine: EngineName): string {
  switch (engine) {
    case 'podman':
      return ', or in a user namespace of its own: `--userns=auto`';
    case 'docker':
      return ', or give all containers of docker a user namespace: `"userns-remap": "default"` in /etc/docker/daemon.json';
    case 'nerdctl':
    case 'cni':
    case 'external':
      return ', or in a user namespace of its own';
  }
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${last}` : last;
}
