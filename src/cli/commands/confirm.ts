import { readHistory } from '../../apply/history.ts';
import { readJournal, removeJournal } from '../../apply/journal.ts';
import { MustredirectError } from '../../error.ts';
import { isOverdue } from '../session/earlier-run.ts';
import { withLock } from '../session/lock-host.ts';
import { type GroundOptions, openGround } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ConfirmOptions extends GroundOptions {
  readonly wait: number;
  readonly json?: true | undefined;
}

export async function confirm(terminal: Terminal, options: ConfirmOptions): Promise<void> {
  const ground = await openGround(terminal, options);
  const { files } = ground.host;
  await withLock(terminal, ground, { verb: 'confirm', wait: options.wait }, async () => {
    const journal = await readJournal(files, ground.places.journal);
    if (journal?.until === undefined || isOverdue(journal)) throw await nothingToConfirm(ground);
    await removeJournal(files, ground.places.journal);
    const { run, verb, since } = journal;
    terminal.print(
      options.json
        ? JSON.stringify({ confirmed: { run, verb, since } }, null, 2)
        : `confirmed: what ${verb} did at ${since} stays`,
    );
  });
}

async function nothingToConfirm({
  host,
  places,
}: Awaited<ReturnType<typeof openGround>>): Promise<MustredirectError> {
  const last = (await readHistory(host.files, places.history)).entries.at(-1);
  const undone = last?.verb === 'rollback' ? `; the last apply was undone at ${last.time}` : '';
  return new MustredirectError('failed', `nothing waits to be confirmed${undone}`, {
    hint: '`mustredirect history` shows what was applied and undone, and when',
  });
}
