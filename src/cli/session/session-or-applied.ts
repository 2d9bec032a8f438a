/** Session of a command that only shows: with what was applied last while the file is wrong. */
import { resolve } from 'node:path';
import { appliedNow, readHistory } from '../../apply/history.ts';
import { MustredirectError } from '../../error.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type HostOptions, type Session, appliedSession, openContext, openSession } from './session.ts';

export interface SessionOrApplied {
  readonly session: Session;
  /** what is wrong with the file; absent: the session is that of the file */
  readonly fileProblem?: string;
}

/** Throws what is wrong with the file when nothing is applied, or when it is another file than the one applied. */
export async function sessionOrApplied(terminal: Terminal, options: HostOptions): Promise<SessionOrApplied> {
  try {
    return { session: await openSession(terminal, options) };
  } catch (error) {
    if (!(error instanceof MustredirectError) || error.code !== 'file') throw error;
    const context = await openContext(terminal, options);
    const applied = appliedNow(await readHistory(context.host.files, context.places.history));
    if (applied?.file !== resolve(terminal.folder, options.file)) throw error;
    const fileProblem = `${error.message}; what was applied last stays in force, and is shown`;
    return { session: appliedSession(terminal, context, applied), fileProblem };
  }
}
