/**
 * The journal of a run: how to undo each of its steps, on disk before the step begins. It is there as long as
 * the run may still have to be undone. One line is one JSON value: first what the run is, then one for each step.
 */
import * as z from 'zod';
import { MustredirectError } from '../error.ts';
import { ledgerSchema } from '../host/files/ledger-store.ts';
import type { Files } from '../host/ports.ts';
import { bootId, removeState } from '../host/files/state-files.ts';
import { type Action, actionKindOf } from '../kinds/action.ts';
import type { Step } from '../plan/step.ts';

const formatVersion = 1;

/** A step that has begun: done in whole, in part, or not at all. */
export interface Begun {
  readonly undo?: Action;
}

const headSchema = z.object({
  version: z.literal(formatVersion),
  /** tells this run from all others */
  run: z.string(),
  /** `apply`, `rollback` or `destroy` */
  verb: z.string(),
  /** process id */
  process: z.number(),
  /** ISO 8601, UTC */
  since: z.string(),
  /** the machine's boot id */
  boot: z.string(),
  /** seconds within which somebody must confirm it, or it is undone */
  confirm: z.number().exactOptional(),
  ledger: ledgerSchema,
  /** our own objects before the run, as texts that can be compared */
  before: z.array(z.string()),
});

const begunSchema = z.object({ undo: z.looseObject({ kind: z.string() }).exactOptional() });

const waitingSchema = z.object({ until: z.string() });

export type JournalHead = Omit<z.infer<typeof headSchema>, 'version' | 'boot'>;

export interface Journal extends JournalHead {
  readonly begun: readonly Begun[];
  /** the run has ended well, and waits for somebody to confirm it until then: ISO 8601, UTC */
  readonly until?: string;
  /** the machine has not been restarted since */
  readonly sameBoot: boolean;
}

export interface JournalKeeper {
  readonly journal: Journal;
  /** Returns when it is on the disk: now the step may begin. */
  begin(step: Pick<Step, 'undo'>): Promise<void>;
  /** From now on the run waits to be confirmed. */
  waitUntil(until: Date): Promise<void>;
  /** The run need not be undone any more. */
  close(): Promise<void>;
}

export async function startJournal(files: Files, path: string, head: JournalHead): Promise<JournalKeeper> {
  const boot = await bootId(files);
  await files.replace(path, line({ version: formatVersion, boot, ...head }));
  return keep(files, path, { ...head, begun: [], sameBoot: true });
}

/**
 * Goes on with the journal of a run that was cut off: both are undone together, or neither.
 *
 * @param own what the new run is; `before`: our objects that it has found
 */
export async function continueJournal(
  files: Files,
  path: string,
  { begun, before, ledger, sameBoot }: Journal,
  own: JournalHead,
): Promise<JournalKeeper> {
  // What there was before a restart is not to come back.
  const head: JournalHead = { ...own, ledger, ...(sameBoot ? { before } : {}) };
  const boot = await bootId(files);
  // Anew, because its last line may have been cut off as well.
  const lines = [{ version: formatVersion, boot, ...head }, ...begun];
  await files.replace(path, lines.map(line).join(''));
  return keep(files, path, { ...head, begun, sameBoot: true });
}

/** Nothing when no run was cut off, and none waits to be confirmed. */
export async function readJournal(files: Files, path: string): Promise<Journal | undefined> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return undefined;
  try {
    return parseJournal(text, await bootId(files));
  } catch (cause) {
    throw new MustredirectError('refused', `${path}: not a journal of this version`, {
      hint: 'a newer mustredirect wrote it, or it is damaged: use that version; or remove the file, and run `mustredirect apply` or `mustredirect destroy`',
      cause,
    });
  }
}

/** A step whose line is not complete has not begun. */
function parseJournal(text: string, boot: string): Journal {
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const { version: _, boot: since, ...head } = headSchema.parse(JSON.parse(first));
  const entries = lines.map(parseEntry);
  const waits = entries.find((entry) => 'until' in entry);
  const begun = entries.filter((entry): entry is Begun => !('until' in entry));
  const sameBoot = since === boot;
  return {
    ...head,
    // What the kernel held is gone with a restart; what engines have in their files is not.
    begun: sameBoot
      ? begun
      : begun.filter(({ undo }) => undo !== undefined && actionKindOf(undo).outlivesRestart),
    ledger: sameBoot ? head.ledger : { ...head.ledger, sysctls: {} },
    ...(waits ? { until: waits.until } : {}),
    sameBoot,
  };
}

function parseEntry(text: string): Begun | z.infer<typeof waitingSchema> {
  const entry = z.union([waitingSchema, begunSchema]).parse(JSON.parse(text));
  if ('until' in entry) return entry;
  const { undo } = entry;
  return undo ? { undo: actionKindOf(undo).schema.parse(undo) } : {};
}

function keep(files: Files, path: string, started: Journal): JournalKeeper {
  let journal = started;
  return {
    get journal() {
      return journal;
    },
    async begin({ undo }) {
      const entry: Begun = undo ? { undo } : {};
      await files.append(path, line(entry));
      journal = { ...journal, begun: [...journal.begun, entry] };
    },
    async waitUntil(date) {
      const until = date.toISOString();
      await files.append(path, line({ until }));
      journal = { ...journal, until };
    },
    close: () => removeJournal(files, path),
  };
}

/** The run need not be undone any more. */
export function removeJournal(files: Files, path: string): Promise<void> {
  return removeState(files, path);
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
