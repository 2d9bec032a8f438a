/** Reads the file, and reports all errors in it. */
import { join } from 'node:path';
import { MustredirectError } from '../../error.ts';
import type { Files } from '../../host/ports.ts';
import { parseSpec } from '../../spec/parse.ts';
import { formatProblems } from '../../spec/problem.ts';
import type { Spec } from '../../spec/spec.ts';
import { ReportedError } from '../terminal/reported-error.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function checkSpec(text: string, path: string, terminal: Terminal): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return parsed.spec;
  const { problems } = parsed;
  terminal.tell(formatProblems(problems, text, path));
  const count = `${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}`;
  throw new ReportedError('file', `${path}: ${count}`, {}, { problems });
}

export async function readSpecText(files: Files, path: string, { root }: Terminal): Promise<string> {
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
  const example = join(root, 'examples/mustredirect.yaml');
  throw new MustredirectError('file', `${path}: no such file`, {
    hint: `write it first (${example} is a start), or name another with -f FILE`,
  });
}
