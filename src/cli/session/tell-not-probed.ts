/** Prints with `-v` which paths were not probed for interference, and why. */
import type { NotProbed } from '../../explain/interference/path.ts';
import type { ContextOptions } from './session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function tellNotProbed(
  terminal: Terminal,
  { verbose }: ContextOptions,
  notProbed: readonly NotProbed[],
): void {
  if (!verbose) return;
  const tell = (text: string): void => terminal.tell(terminal.paintStderr('dim', `not probed: ${text}`));
  for (const { subject, reason } of notProbed.slice(0, atMost)) {
    tell(subject === undefined ? reason : `${subject.subject}: ${reason}`);
  }
  if (notProbed.length > atMost) tell(`${notProbed.length - atMost} more`);
}

const atMost = 10;
