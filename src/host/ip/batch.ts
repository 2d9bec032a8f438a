/** Lines for one `ip -batch`, and which of them failed. */
import type { Output } from '../ports.ts';

export function batchText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** ip names the line that failed: `Command failed -:3`. */
const failure = /Command failed -:(\d+)/;

/** @returns where among the lines it stands, from 0; nothing when ip does not say */
export function failedLine({ stderr }: Output): number | undefined {
  const number = failure.exec(stderr)?.[1];
  return number === undefined ? undefined : Number(number) - 1;
}

/** As if the line had been run by itself. */
export function outputOfLine(output: Output): Output {
  return { ...output, stderr: output.stderr.replace(/Command failed.*/s, '').trim() };
}
