/** Decodes output of `ip -j`. */
import * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import { commandError } from '../process/exec.ts';
import type { Exec, Output } from '../ports.ts';

/** Oldest version tried, that of Debian 11: the program says 5.9.0, the package 5.10. */
const versionHint = 'iproute2 5.10 or later is known to work: `ip -V` says which this is';
/** older iproute2, or busybox */
const unknownOption = /^Option "-\w+" is unknown|^BusyBox v/m;

export async function readJson<T>(exec: Exec, argv: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const output = await exec.run(argv);
  if (output.exitCode === 0) return decodeJson(argv, output.stdout, schema);
  throw ipError(argv, output);
}

export function ipError(argv: readonly string[], output: Output): MustredirectError {
  return unknownOption.test(output.stderr) ? notOurs(argv) : commandError(argv, output);
}

export function decodeJson<T>(argv: readonly string[], text: string, schema: z.ZodType<T>): T {
  try {
    // Some versions print an empty list as nothing.
    return schema.parse(parseText(text.trim() === '' ? '[]' : text));
  } catch (cause) {
    throw notUnderstood(argv, cause);
  }
}

/** ip prints control characters of device names unescaped, and `'` as `\\'`: neither is JSON. */
function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const plain = text.replaceAll(/(\\\\)|\\'/g, (_, backslash: string | undefined) => backslash ?? "'");
    return JSON.parse(plain.replaceAll(/[^\P{Cc}\n]/gu, '\uFFFD'));
  }
}

export function notUnderstood(argv: readonly string[], cause?: unknown): MustredirectError {
  return new MustredirectError('failed', `${argv.join(' ')}: its output is not understood${reason(cause)}`, {
    hint: versionHint,
    cause,
  });
}

function notOurs(argv: readonly string[]): MustredirectError {
  return new MustredirectError('missing-tool', `${argv.join(' ')}: this ip has no such option`, {
    hint: versionHint,
  });
}

function reason(cause: unknown): string {
  const [issue] = cause instanceof z.ZodError ? cause.issues : [];
  return issue ? `: ${[...issue.path, issue.message].join(': ')}` : '';
}
