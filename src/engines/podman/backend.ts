/** Interface of podman's two network backends: both keep networks as files in one folder. */
import type { Files } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import type { NetworkLabel } from '../engine.ts';

export interface Backend {
  readonly name: 'cni' | 'netavark';
  /** folder of network files when containers.conf names none */
  readonly defaultFolder: string;
  /** bridge of podman's default network, which exists without a file */
  readonly defaultBridge: string;
  /** Returns one result for each name, in the same order. Throws when the file of one fails to decode. */
  readNetworks(files: Files, folder: string, names: readonly string[]): Promise<readonly StoredNetwork[]>;
  /** Finds networks with a label. A file that fails to decode is skipped, as by podman. */
  listLabelled(files: Files, folder: string, label: string): Promise<readonly NetworkLabel[]>;
}

/** Settings from a network's file, or those that a new file would have. */
export type StoredNetwork = Pick<
  NetworkFacts,
  'name' | 'exists' | 'ours' | 'unusable' | 'subnets' | 'bridge' | 'mtu' | 'nameServer' | 'masquerade'
>;

export const brokenFileHint = 'mend or remove the file: podman cannot use it either';
