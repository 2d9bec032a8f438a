/** Programs that report events, and folders, that the agent watches. */
import { basename, dirname } from 'node:path';
import type { FolderWatch } from '../host/files/watch.ts';
import type { EngineName } from '../spec/spec.ts';
import { createLineSplitter } from '../host/process/lines.ts';
import type { HostPart } from '../inspect/host-parts.ts';
import type { Monitored } from './monitor.ts';
import { partsOfEvents } from './parts-of-events.ts';

/** A program that reports events. */
export interface Watched extends Monitored {
  /** Makes a function that takes its output, and returns the parts of the host that may have changed. */
  readonly parts: () => (output: string) => readonly HostPart[];
  /** engines may have changed */
  readonly engines?: true;
}

const always: readonly Watched[] = [
  {
    what: 'links, addresses, routes, rules and forwarding',
    argv: ['ip', '-oneline', 'monitor', 'link', 'address', 'route', 'rule', 'nexthop', 'netconf', 'label'],
    parts: () => {
      const linesOf = createLineSplitter();
      return (output) => partsOfEvents(linesOf(output));
    },
  },
  { what: 'IPsec policies', argv: ['ip', 'xfrm', 'monitor', 'policy'], parts: () => () => ['policies'] },
  { what: 'nftables', argv: ['nft', 'monitor'], parts: () => () => ['nft'] },
];

/** The other engines keep their networks in files, and make a bridge for each of them. */
const ofEngine: Partial<Readonly<Record<EngineName, Watched>>> = {
  docker: {
    what: 'networks of Docker',
    argv: ['docker', 'events', '--filter', 'type=network', '--format', '{{.Action}}'],
    parts: () => () => [],
    engines: true,
  },
};

/** @param engines engines of this host's networks */
export function programsToWatch(engines: readonly EngineName[]): readonly Watched[] {
  return [...always, ...engines.flatMap((engine) => ofEngine[engine] ?? [])];
}

const foldersOf: Partial<Readonly<Record<EngineName, readonly string[]>>> = {
  podman: ['/etc/cni/net.d', '/etc/containers/networks'],
  nerdctl: ['/etc/cni/net.d', '/etc/cni/net.d/default'],
  cni: ['/etc/cni/net.d'],
};

/** Folders in which engines keep their networks. */
export function networkFolders(engines: readonly EngineName[]): readonly FolderWatch[] {
  return [...new Set(engines.flatMap((engine) => foldersOf[engine] ?? []))].map((folder) => ({ folder }));
}

/**
 * @param file path of the file
 * @param state paths that runs write, or remove, when they end
 */
export function ownFolders(file: string, state: readonly string[]): readonly FolderWatch[] {
  const folders = new Set([file, ...state].map((path) => dirname(path)));
  return [...folders].map((folder) => ({
    folder,
    names: [file, ...state].filter((path) => dirname(path) === folder).map((path) => basename(path)),
  }));
}
