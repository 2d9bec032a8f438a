/**
 * Fast reader for the YAML subset that most files use, ten times as fast as the full one: block maps and lists, and
 * words, numbers and lists on one line. It rejects any other text, valid or not, which `read-yaml.ts` then reads with
 * positions.
 */
import { type BlockMemory, type KnownEntry, blockIndent, blocksOf } from './plain-blocks.ts';
import { type Line, hasInvisible, linesOf, visibleLinesOf } from './plain-lines.ts';
import { Unreadable, readFlow } from './plain-flow.ts';

/** `name: value`, or `name:` with the value on the lines below. */
const entryPattern = /^([A-Za-z0-9_][\w.-]{0,63}):(?: +([^ ].*))?$/;

/**
 * @param memory blocks of the text that was read last; those of this text replace them
 * @returns the value, or undefined when the text is not in the subset
 */
export function readPlainYaml(text: string, memory?: BlockMemory): unknown {
  try {
    const reader: Reader = { lines: memory ? linesByBlock(text, memory) : linesOf(text), at: 0 };
    const [first] = reader.lines;
    if (first?.indent !== 0 || isItem(first)) return undefined;
    const value = readMap(reader, 0);
    return reader.at === reader.lines.length ? value : undefined;
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** Lines of a text, where one line stands for each block that was read before. */
function linesByBlock(text: string, memory: BlockMemory): readonly Line[] {
  if (hasInvisible(text)) return [];
  const before = memory.entries;
  const entries = new Map<string, KnownEntry>();
  const lines = blocksOf(text).flatMap((block) => {
    const known = before.get(block) ?? entries.get(block);
    const found = known ? [] : visibleLinesOf(block);
    const entry = known ?? entryOf(found);
    if (!entry) return found;
    // Keyed by this text: a part of the last one would keep all of it in memory.
    entries.set(block, entry);
    return [{ indent: entry.indent, text: '', known: entry }];
  });
  Object.assign(memory, { entries });
  return lines;
}

/** The entry that a block is; undefined when it is something else, or has one line only. */
function entryOf([first, ...below]: readonly Line[]): KnownEntry | undefined {
  if (first?.indent !== blockIndent || below.length === 0) return undefined;
  const [, name, rest] = entryPattern.exec(first.text) ?? [];
  if (name === undefined || rest !== undefined) return undefined;
  const reader: Reader = { lines: below, at: 0 };
  const value = readBelow(reader, blockIndent);
  return reader.at === below.length ? { indent: blockIndent, name, value } : undefined;
}

interface Reader {
  /** lines that are not blank; an item that is a map becomes two lines, the first with the dash */
  readonly lines: readonly Line[];
  at: number;
}

function readMap(reader: Reader, indent: number): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (let line = lineAt(reader, indent); line && !isItem(line); line = lineAt(reader, indent)) {
    const { known } = line;
    const [, name = known?.name, rest] = known ? [] : (entryPattern.exec(line.text) ?? []);
    // The full reader reports `__proto__` and duplicate names with their positions.
    if (name === undefined || name === '__proto__' || entries.has(name)) throw new Unreadable();
    reader.at += 1;
    if (known) entries.set(name, known.value);
    else entries.set(name, rest === undefined ? readBelow(reader, indent) : readFlow(rest));
  }
  return Object.fromEntries(entries);
}

/** A list may have the same indentation as its key. */
function readBelow(reader: Reader, indent: number): unknown {
  const line = reader.lines[reader.at];
  if (!line || line.indent < indent || (line.indent === indent && !isItem(line))) throw new Unreadable();
  return isItem(line) ? readList(reader, line.indent) : readMap(reader, line.indent);
}

function readList(reader: Reader, indent: number): unknown[] {
  const items: unknown[] = [];
  for (let line = lineAt(reader, indent); line && isItem(line); line = lineAt(reader, indent)) {
    reader.at += 1;
    items.push(line.text === '-' ? readItem(reader, indent) : readFlow(line.text.slice(1).trimStart()));
  }
  return items;
}

function readItem(reader: Reader, indent: number): unknown {
  const line = reader.lines[reader.at];
  if (!line || line.indent <= indent || isItem(line)) throw new Unreadable();
  return readMap(reader, line.indent);
}

/** Next line, if it belongs to a block with this indentation. */
function lineAt({ lines, at }: Reader, indent: number): Line | undefined {
  const line = lines[at];
  if (line && line.indent > indent) throw new Unreadable();
  return line?.indent === indent ? line : undefined;
}

function isItem({ text }: Line): boolean {
  return text === '-' || text.startsWith('- ');
}
