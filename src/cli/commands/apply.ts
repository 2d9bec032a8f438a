import { askAgent } from '../../agent/socket.ts';
import { type History, appliedNow, readHistory } from '../../apply/history.ts';
import { readJournal } from '../../apply/journal.ts';
import { messageOf } from '../../apply/undo.ts';
import { undoOverdueRun } from '../../apply/run/earlier-run.ts';
import { applyVerb } from '../../apply/run/verbs.ts';
import type { Prepared } from '../../inspect/prepare.ts';
import { MustredirectError } from '../../error.ts';
import { isInterruption } from '../../host/process/interrupt.ts';
import type { Interference } from '../../explain/interference/describe.ts';
import { type ChangeOptions, changeAtTerminal } from '../session/change-at-terminal.ts';
import { liveHost } from '../session/live-host.ts';
import { tellFailure, tellReasons } from '../terminal/print-error.ts';
import {
  type HostOptions,
  type Session,
  appliedSession,
  openContext,
  openSession,
} from '../session/session.ts';
import { startWatch } from '../session/start-watch.ts';
import { tellNotProbed } from '../session/tell-not-probed.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ApplyOptions extends HostOptions, ChangeOptions {
  /** seconds */
  readonly confirm?: number | undefined;
  readonly closed?: true | undefined;
  readonly boot?: true | undefined;
}

export async function apply(terminal: Terminal, options: ApplyOptions): Promise<void> {
  if (options.boot && options.closed) await closeLastApplied(terminal, options);
  const session = await chooseSession(terminal, options);
  if (!session) return;
  if (!options.boot) await refuseOtherFile(session);
  await applySession(terminal, session, options);
}

/** The agent would apply its own file again, a second after this one. */
async function refuseOtherFile({ source, places }: Session): Promise<void> {
  const agent = await askAgent(places.agent);
  if (typeof agent !== 'object' || agent.file === source.file) return;
  throw new MustredirectError(
    'refused',
    `the agent, process ${agent.pid}, holds this host to ${agent.file}, and would apply that again`,
    { hint: `change that file, or end the agent and start it with --file ${source.file}` },
  );
}

/**
 * Blocks according to the last applied file as well: after a boot, containers come up with its networks. The current
 * file may be wrong, or contain other networks that cannot be applied, and then these networks would stay open.
 */
async function closeLastApplied(terminal: Terminal, options: ApplyOptions): Promise<void> {
  const context = await openContext(terminal, options);
  await reportAndContinue(terminal, () => undoOverdueRun(terminal, context, options.wait));
  await reportAndContinue(terminal, async () => {
    const last = appliedNow(await readHistory(context.host.files, context.places.history));
    if (last) await applySession(terminal, appliedSession(terminal, context, last), options);
  });
}

/** Reports an error and continues: an unreadable file or an open run must not stop the rest from being blocked. */
async function reportAndContinue<T>(terminal: Terminal, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    tellReasons(error, terminal);
    tellFailure(error instanceof MustredirectError ? error : { message: messageOf(error) }, terminal);
    return undefined;
  }
}

async function applySession(terminal: Terminal, session: Session, options: ApplyOptions): Promise<void> {
  const { source } = session;
  const { host } = source;
  const { confirm, closed } = options;
  await changeAtTerminal(terminal, {
    ...applyVerb(session, source),
    context: session,
    target: { ...session.target, ...(closed ? { closed } : {}) },
    options,
    title: closed ? `plan to close what ${host} redirects` : `plan for ${host}`,
    done: closed ? `done: what ${host} redirects is closed` : `done: ${host} is as the file says`,
    confirm,
    ...(closed
      ? {}
      : { findInterference: (prepared) => lookForInterference(terminal, session, options, prepared) }),
    onStart: async (run) => {
      if (confirm !== undefined) await startWatch(terminal, session, run, confirm);
    },
  });
  if (confirm !== undefined) await tellHowToKeep(terminal, session);
}

/** Reports interference of other programs, which does not undo the run. */
async function lookForInterference(
  terminal: Terminal,
  session: Session,
  options: ApplyOptions,
  { facts, desired, role: whole }: Prepared,
): Promise<readonly Interference[]> {
  const { findInterference } = await import('../../explain/interference/find-interference.ts');
  const { readyRole } = await import('../../explain/interference/ready-role.ts');
  const role = readyRole(whole, desired.notReady);
  try {
    const { found, notProbed } = await findInterference(liveHost(terminal, session), role, facts);
    tellNotProbed(terminal, options, notProbed);
    return found;
  } catch (error) {
    // The run is complete: Ctrl-C ends the probe alone.
    if (!isInterruption(error)) throw error;
    tellNotProbed(terminal, options, [{ reason: 'interrupted' }]);
    return [];
  }
}

/** At boot, a file that was applied and undone is not applied again; the one before it is. */
async function chooseSession(terminal: Terminal, options: ApplyOptions): Promise<Session | undefined> {
  const session = await openSession(terminal, options);
  if (!options.boot) return session;
  if (!options.closed) await undoOverdueRun(terminal, session, options.wait);
  const readLast = (): Promise<History> => readHistory(session.host.files, session.places.history);
  const history = options.closed ? await reportAndContinue(terminal, readLast) : await readLast();
  if (!history?.givenUp?.includes(session.source.hash)) return session;
  const before = appliedNow(history);
  terminal.tell(
    `${session.source.file}: was applied and undone; ${before ? `what was applied before it (${before.file}) is applied` : 'nothing was applied before it'}`,
  );
  return before && appliedSession(terminal, session, before);
}

async function tellHowToKeep(terminal: Terminal, { host, places }: Session): Promise<void> {
  const journal = await readJournal(host.files, places.journal);
  if (journal?.until === undefined) return;
  terminal.tell(
    `\`mustredirect confirm\` keeps it; without that it is undone at ${journal.until}`,
    'waits to be confirmed',
  );
}
