/** A kind of action on objects of a host, as data: its schema, its text and its shell form. A port performs it. */
import type * as z from 'zod';
import type { EngineName } from '../spec/spec.ts';
import type { NetworkRequest } from './engine-network/schema.ts';
import type { Flows } from './flows/schema.ts';

export interface ActionKind<A extends { readonly kind: string }> {
  readonly names: readonly A['kind'][];
  /** of the journal */
  readonly schema: z.ZodType<A>;
  /** for somebody who waits: `writing nft` */
  work(action: A): string;
  /** how many objects it is about, for somebody who waits */
  objects(action: A): number;
  /** The kernel forgets what it was told when the machine restarts; the files of an engine stay. */
  readonly outlivesRestart: boolean;
  /** lines of a POSIX shell script that does the same */
  shell(action: A, tools: ShellTools): string[];
  /** Several become one: actions of one group at one rank. Groups are done in the order of their names. */
  readonly batch?: {
    readonly group: (action: A) => string;
    readonly join: (actions: readonly A[]) => A;
  };
}

/** What the text of a script needs to know of the outside. */
export interface ShellTools {
  readonly quote: (word: string) => string;
  /** file of a setting, by its dotted name */
  readonly sysctlPath: (name: string) => string;
  /** arguments of `conntrack` that delete flows */
  readonly conntrackArgs: (flows: Flows) => readonly string[];
  readonly engines: Readonly<Record<EngineName, EngineCommands>>;
}

/** The commands of an engine. */
export interface EngineCommands {
  /** The command that creates a network; nothing when this engine's networks are made by others. */
  createCommand(network: NetworkRequest): readonly string[] | undefined;
  /** The command that removes a network that no container uses. */
  removeCommand(name: string): readonly string[] | undefined;
  /** The command that shows a network, and fails when there is none. */
  inspectCommand(name: string): readonly string[] | undefined;
  /** The command that prints the ids of all containers with this network, running or not. */
  attachedCommand(name: string): readonly string[] | undefined;
}

/** A command as one line of a script; none where there is no command. */
export function commandLine(argv: readonly string[] | undefined, { quote }: ShellTools): string[] {
  return argv ? [argv.map(quote).join(' ')] : [];
}
