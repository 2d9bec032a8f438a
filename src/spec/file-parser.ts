/** Parses one version of a file after another: what stays the same gives the same objects, and costs next to nothing. */
import { type ParsedSpec, parseSpec } from './parse.ts';
import type { BlockMemory } from './plain-blocks.ts';

export type ParseFile = (text: string) => ParsedSpec;

/** @returns `parseSpec`, which remembers the text that it was given last */
export function createFileParser(): ParseFile {
  const memory: BlockMemory = { entries: new Map() };
  let last: { readonly text: string; readonly parsed: ParsedSpec } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, parsed: parseSpec(text, memory) };
    return last.parsed;
  };
}
