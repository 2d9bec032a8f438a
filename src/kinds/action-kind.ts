/** Kind of action on host objects, as data: schema, progress text and shell form. A port runs the action. */
import type * as z from 'zod';
import type { EngineName } from '../spec/spec.ts';
import type { NetworkRequest } from './engine-network/schema.ts';
import type { Flows } from './flows/schema.ts';

export interface ActionKind<A extends { readonly kind: string }> {
  readonly names: readonly A['kind'][];
  /** schema of the action in the journal */
  readonly schema: z.ZodType<A>;
  /** progress text: `writing nft` */
  work(action: A): string;
  /** number of affected objects, for progress */
  objects(action: A): number;
  /** Whether the effect survives a reboot: files of engines do, kernel state does not. */
  readonly outlivesRestart: boolean;
  /** lines of a POSIX shell script with the same effect */
  shell(action: A, tools: ShellTools): string[];
  /** Merges actions of one group at one rank into one. Groups run sorted by name. */
  readonly batch?: {
    readonly group: (action: A) => string;
    readonly join: (actions: readonly A[]) => A;
  };
}

/** Helpers that render an action as shell. */
export interface ShellTools {
  readonly quote: (word: string) => string;
  /** file of a sysctl, by its dotted name */
  readonly sysctlPath: (name: string) => string;
  /** arguments of `conntrack` that delete these flows */
  readonly conntrackArgs: (flows: Flows) => readonly string[];
  readonly engines: Readonly<Record<EngineName, EngineCommands>>;
}

/** Commands of an engine. */
export interface EngineCommands {
  /** Command that creates a network; undefined when the engine's networks are created by others. */
  createCommand(network: NetworkRequest): readonly string[] | undefined;
  /** Command that removes a network that no container uses. */
  removeCommand(name: string): readonly string[] | undefined;
  /** Command that shows a network, and fails when it does not exist. */
  inspectCommand(name: string): readonly string[] | undefined;
  /** Command that prints the ids of all containers in this network, running or not. */
  attachedCommand(name: string): readonly string[] | undefined;
}

/** Renders a command as one line of a script; no line for an absent command. */
export function commandLine(argv: readonly string[] | undefined, { quote }: ShellTools): string[] {
  return argv ? [argv.map(quote).join(' ')] : [];
}
