/** Common code of podman's two network backends: both keep networks as files in one folder. */
import type { Files } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';

export interface Backend {
  readonly name: 'cni' | 'netavark';
  /** where the files are when containers.conf does not say */
  readonly defaultFolder: string;
  /** the bridge of podman's default network, which needs no file */
  readonly defaultBridge: string;
  /**
   * One answer for each name, in the same order. Throws when the file of one cannot be understood.
   */
  readNetworks(files: Files, folder: string, names: readonly string[]): Promise<readonly StoredNetwork[]>;
}

/** What a network's file says, or would say. */
export type StoredNetwork = Pick<
  NetworkFacts,
  'name' | 'exists' | 'ours' | 'unfit' | 'subnets' | 'bridge' | 'mtu' | 'nameServer' | 'masquerade'
>;

export const brokenFileHint = 'mend or remove the file: podman cannot use it either';
