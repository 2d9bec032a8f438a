/** Blocks of a YAML text: entries of the maps below its top level, which a later version of the text has again. */

/** An entry of a map that was read before, and its indentation. */
export interface KnownEntry {
  readonly indent: number;
  readonly name: string;
  readonly value: unknown;
}

/** Entries of the text that was read last, by the text of their lines: an equal block gives the same value. */
export interface BlockMemory {
  entries: ReadonlyMap<string, KnownEntry>;
}

/** Spaces before the entries that are remembered: networks, gateways and hosts, as most people indent them. */
export const blockIndent = 2;

/** The text before each line that begins a block, or is on the top level. */
const beforeBlock = /\n(?=(?: {2})?[^ \n])/;

/** Joined with line ends, they are the text. Each has at most one line that is indented by `blockIndent` or less. */
export function blocksOf(text: string): readonly string[] {
  return text.split(beforeBlock);
}
