/** What every engine can do, alike in each folder of this room. */
import type { Subnet } from '../address/cidr.ts';
import type { Host } from '../host/ports.ts';
import type { NetworkFacts } from '../state/facts.ts';

export interface Engine {
  /** Reads what the host has of these networks, one answer each, in the same order. Changes nothing. */
  readNetworks(host: Host, networks: readonly NetworkRequest[]): Promise<readonly NetworkFacts[]>;
  /** The command that creates a network; nothing when this engine's networks are made by others. */
  createCommand(network: NetworkRequest): readonly string[] | undefined;
  /** The command that removes a network that no container uses. */
  removeCommand(name: string): readonly string[] | undefined;
  /** The command that shows a network, and fails when there is none. */
  inspectCommand(name: string): readonly string[] | undefined;
  /** The command that prints the ids of all containers with this network, running or not. */
  attachedCommand(name: string): readonly string[] | undefined;
  /**
   * The text of the engine's network file with its masquerade setting changed, everything else kept byte
   * for byte; the same text when the setting is as asked for.
   */
  editMasquerade(content: string, network: string, enabled: boolean): string;
}

/** Environment variables, handed in: only `src/cli` knows the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface NetworkRequest {
  readonly name: string;
  readonly subnets: readonly Subnet[];
  /** when it is made */
  readonly mtu?: number;
  /** when it is made: devices by which answers may come in, where the engine drops them otherwise */
  readonly trusted?: readonly string[];
}
