/** What was not tried of what others may drop, and why: for those who want to know all. */
import type { NotProbed } from '../../explain/interference/path.ts';
import type { GroundOptions } from './session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function tellNotProbed(
  terminal: Terminal,
  { verbose }: GroundOptions,
  notProbed: readonly NotProbed[],
): void {
  if (!verbose) return;
  const tell = (text: string): void => terminal.tell(terminal.paintTold('dim', `not probed: ${text}`));
  for (const { subject, reason } of notProbed.slice(0, atMost)) {
    tell(subject === undefined ? reason : `${subject.subject}: ${reason}`);
  }
  if (notProbed.length > atMost) tell(`${notProbed.length - atMost} more`);
}

const atMost = 10;
