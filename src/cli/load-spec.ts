/** Reads the file, and prints every mistake in it. */
import { MustredirectError } from '../error.ts';
import type { Files } from '../host/ports.ts';
import { parseSpec } from '../spec/parse.ts';
import { formatProblems } from '../spec/problem.ts';
import type { Spec } from '../spec/spec.ts';
import type { Terminal } from './terminal.ts';

export async function loadSpec(files: Files, path: string, terminal: Terminal): Promise<Spec> {
  const text = await readText(files, path);
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return parsed.spec;
  terminal.tell(formatProblems(parsed.problems, text, path));
  const count = parsed.problems.length;
  throw new MustredirectError('file', `${path}: ${count} ${count === 1 ? 'mistake' : 'mistakes'}`);
}

async function readText(files: Files, path: string): Promise<string> {
  const text = await files.read(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EACCES') {
      throw new MustredirectError('not-permitted', `${path}: permission denied`, {
        hint: 'run it as root',
        cause,
      });
    }
    const what = cause.code === 'EISDIR' ? 'is a folder' : cause.message;
    throw new MustredirectError('file', `${path}: ${what}`, { hint: 'name a file with -f FILE', cause });
  });
  if (text !== undefined) return text;
  throw new MustredirectError('file', `${path}: no such file`, {
    hint: 'write it first (examples/mustredirect.yaml is a start), or name another with -f FILE',
  });
}
