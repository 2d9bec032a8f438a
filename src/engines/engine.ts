/** The interface of an engine, which each folder here implements. */
import type { EngineCommands } from '../kinds/action-kind.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import type { Host } from '../host/ports.ts';
import type { NetworkFacts } from '../state/facts.ts';

export interface Engine extends EngineCommands {
  /** Reads what the host has of these networks, one answer each, in the same order. Changes nothing. */
  readNetworks(host: Host, networks: readonly NetworkRequest[]): Promise<readonly NetworkFacts[]>;
  /**
   * The text of the engine's network file with its masquerade setting changed, everything else kept byte
   * for byte; the same text when the setting is as asked for.
   */
  editMasquerade(content: string, network: string, enabled: boolean): string;
}

/** Environment variables, handed in: only `src/cli` knows the process. */
export type Environment = Readonly<Record<string, string | undefined>>;
