/** Text of one `ip -batch`, and the line that failed. */
import type { Output } from '../ports.ts';

export function batchText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** ip prints the number of the line that failed: `Command failed -:3`. */
const failure = /Command failed -:(\d+)/;

/** @returns index of the failed line, from 0; undefined when ip prints none */
export function failedLine({ stderr }: Output): number | undefined {
  const number = failure.exec(stderr)?.[1];
  return number === undefined ? undefined : Number(number) - 1;
}

/** Output as if the line had been run by itself. */
export function outputOfLine(output: Output): Output {
  return { ...output, stderr: output.stderr.replace(/Command failed.*/s, '').trim() };
}
