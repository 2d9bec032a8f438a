/** Reads the file that the agent holds its host to. */
import { createHash } from 'node:crypto';
import type { Applied } from '../apply/history.ts';
import type { Host } from '../host/ports.ts';
import type { ParseFile } from '../spec/file-parser.ts';
import { formatProblems } from '../spec/problem.ts';
import type { FileNow } from './in-force.ts';

export interface FileReaderPorts {
  readonly context: { readonly host: Pick<Host, 'files'> };
  /** absolute path of the file */
  readonly file: string;
  /** host of the file that this machine is */
  readonly host: string;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** asks for another look after some milliseconds */
  readonly later: (milliseconds: number) => void;
}

/** A file that has changed is taken when it has stayed the same this long: an editor writes it in several steps. */
const settleTime = 1000;

/** Reads the file on disk, which is taken once it has settled; until then, it is what was applied last. */
export function createFileReader(
  { context: { host: machine }, file, host, now, later }: FileReaderPorts,
  parse: ParseFile,
) {
  let changed: { readonly hash: string; readonly since: number } | undefined;
  return async (applied: Applied): Promise<FileNow> => {
    const text = await readText(machine, file);
    if (typeof text !== 'string') return text;
    const source = { file, text, hash: hashOf(text), host };
    if (source.hash === applied.hash) {
      changed = undefined;
      return { source };
    }
    if (changed?.hash !== source.hash) changed = { hash: source.hash, since: now() };
    const left = changed.since + settleTime - now();
    // Parsed while it settles, so that it is known when it has.
    const parsed = parse(text);
    if (left > 0) {
      later(Math.max(0, changed.since + settleTime - now()));
      return { source: applied };
    }
    if (parsed.kind === 'problems')
      return { problem: formatProblems(parsed.problems, text, file), hash: source.hash };
    // A file without this host would end all that the host redirects.
    if (!Object.hasOwn(parsed.spec.hosts, host))
      return {
        problem: `${file}: host ${host}, which this agent holds, is not in the file`,
        hash: source.hash,
      };
    return { source };
  };
}

async function readText(
  { files }: Pick<Host, 'files'>,
  file: string,
): Promise<string | { readonly problem: string }> {
  try {
    return (await files.read(file)) ?? { problem: `${file}: no such file` };
  } catch (error) {
    return { problem: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
