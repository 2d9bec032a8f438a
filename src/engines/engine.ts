/** Interface that each engine implements. */
import type { EngineCommands } from '../kinds/action-kind.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import type { Host } from '../host/ports.ts';
import type { NetworkFacts } from '../state/facts.ts';

export interface Engine extends EngineCommands {
  /** Reads these networks from the host: one result each, in the same order. Changes nothing. */
  readNetworks(host: Host, networks: readonly NetworkRequest[]): Promise<readonly NetworkFacts[]>;
  /**
   * Finds the networks that carry a label. Rejects with `missing-tool` when the engine is not installed. Changes nothing.
   *
   * @param label key of the label
   */
  listLabelled(host: Host, label: string): Promise<readonly NetworkLabel[]>;
  /**
   * Returns the engine's network file with its masquerade setting changed and all other bytes kept. Returns the same
   * text when the setting already has the requested value.
   */
  editMasquerade(content: string, network: string, enabled: boolean): string;
  /** programs of `readNetworks` that tell of the engine itself: networks and containers change nothing of their output */
  readonly lasting?: readonly (readonly string[])[];
  /** Called after we have made or removed a network by a command: what the engine said before is void. */
  readonly onChanged?: () => void;
}

/** A network, and the value of its label. */
export interface NetworkLabel {
  readonly name: string;
  readonly value: string;
}

/** Environment variables, passed as an argument: only `src/cli` reads the process environment. */
export type Environment = Readonly<Record<string, string | undefined>>;
