/**
 * Journal of a run: the undo of each step, on disk before the step begins. The file exists as long as the run may have
 * to be undone. Each line is one JSON value: the first describes the run, each further one a step.
 */
import * as z from 'zod';
import { MustredirectError } from '../error.ts';
import { afterRestart, ledgerSchema } from '../host/files/ledger-store.ts';
import type { Files } from '../host/ports.ts';
import { bootId, removeState } from '../host/files/state-files.ts';
import { type Action, actionKindOf } from '../kinds/action.ts';
import type { Step } from '../plan/step.ts';

const formatVersion = 1;

/** Step that was started: it may be complete, partial or without effect. */
export interface StartedStep {
  readonly undo?: Action;
}

const headSchema = z.object({
  version: z.literal(formatVersion),
  /** unique id of the run */
  run: z.string(),
  /** `apply`, `rollback` or `destroy` */
  verb: z.string(),
  /** process id */
  process: z.number(),
  /** ISO 8601, UTC */
  since: z.string(),
  /** boot id of the machine */
  boot: z.string(),
  /** seconds within which the run must be confirmed, or it is undone */
  confirm: z.number().exactOptional(),
  ledger: ledgerSchema,
  /** our own objects before the run, as JSON */
  before: z.array(z.string()),
});

const startedStepSchema = z.object({ undo: z.looseObject({ kind: z.string() }).exactOptional() });

const waitingSchema = z.object({ until: z.string() });

const undoingSchema = z.object({ undoing: z.literal(true) });

export type JournalHead = Omit<z.infer<typeof headSchema>, 'version' | 'boot'>;

export interface Journal extends JournalHead {
  readonly startedSteps: readonly StartedStep[];
  /** the run is complete and waits for confirmation until this time: ISO 8601, UTC */
  readonly until?: string;
  /** undo of the run has begun: it can no longer be confirmed */
  readonly undoing?: true;
  /** whether the machine has not been restarted since */
  readonly sameBoot: boolean;
}

export interface JournalKeeper {
  readonly journal: Journal;
  /** Writes the undo of a step to disk; the step may begin afterwards. */
  begin(step: Pick<Step, 'undo'>): Promise<void>;
  /** Marks the run as waiting for confirmation. */
  waitUntil(until: Date): Promise<void>;
  /** Removes the journal: the run need not be undone any more. */
  close(): Promise<void>;
}

export async function startJournal(files: Files, path: string, head: JournalHead): Promise<JournalKeeper> {
  const boot = await bootId(files);
  await files.replace(path, jsonLine({ version: formatVersion, boot, ...head }));
  return journalKeeper(files, path, { ...head, startedSteps: [], sameBoot: true });
}

/**
 * Continues the journal of an interrupted run: both runs are undone together, or neither.
 *
 * @param own description of the new run; `before`: our objects when it began
 */
export async function continueJournal(
  files: Files,
  path: string,
  { startedSteps, before, ledger, sameBoot }: Journal,
  own: JournalHead,
): Promise<JournalKeeper> {
  // After a restart, the objects before it are not restored.
  const head: JournalHead = { ...own, ledger, ...(sameBoot ? { before } : {}) };
  const boot = await bootId(files);
  // Rewritten, because the last line may be incomplete.
  const lines = [{ version: formatVersion, boot, ...head }, ...startedSteps];
  await files.replace(path, lines.map(jsonLine).join(''));
  return journalKeeper(files, path, { ...head, startedSteps, sameBoot: true });
}

/** Undefined when no run was interrupted and none waits for confirmation. */
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

/** Ignores an incomplete last line: its step has not begun. */
function parseJournal(text: string, boot: string): Journal {
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const { version: _, boot: since, ...head } = headSchema.parse(JSON.parse(first));
  const entries = lines.map(parseEntry);
  const waits = entries.find((entry) => 'until' in entry);
  const undoing = entries.some((entry) => 'undoing' in entry);
  const startedSteps = entries.filter(
    (entry): entry is StartedStep => !('until' in entry || 'undoing' in entry),
  );
  const sameBoot = since === boot;
  return {
    ...head,
    // A restart removes kernel state, but not changes in files of engines.
    startedSteps: sameBoot
      ? startedSteps
      : startedSteps.filter(({ undo }) => undo !== undefined && actionKindOf(undo).outlivesRestart),
    ledger: sameBoot ? head.ledger : afterRestart(head.ledger),
    ...(waits ? { until: waits.until } : {}),
    ...(undoing ? { undoing } : {}),
    sameBoot,
  };
}

type Entry = StartedStep | z.infer<typeof waitingSchema> | z.infer<typeof undoingSchema>;

function parseEntry(text: string): Entry {
  const entry = z.union([waitingSchema, undoingSchema, startedStepSchema]).parse(JSON.parse(text));
  if ('until' in entry || 'undoing' in entry) return entry;
  const { undo } = entry;
  return undo ? { undo: actionKindOf(undo).schema.parse(undo) } : {};
}

function journalKeeper(files: Files, path: string, started: Journal): JournalKeeper {
  let journal = started;
  return {
    get journal() {
      return journal;
    },
    async begin({ undo }) {
      const entry: StartedStep = undo ? { undo } : {};
      await files.append(path, jsonLine(entry));
      journal = { ...journal, startedSteps: [...journal.startedSteps, entry] };
    },
    async waitUntil(date) {
      const until = date.toISOString();
      await files.append(path, jsonLine({ until }));
      journal = { ...journal, until };
    },
    close: () => removeJournal(files, path),
  };
}

/** Marks a waiting run as being undone: it can no longer be confirmed, even if the undo fails or is interrupted. */
export function markUndoing(files: Files, path: string): Promise<void> {
  return files.append(path, jsonLine({ undoing: true }));
}

/** Removes the journal of a run that need not be undone any more. */
export function removeJournal(files: Files, path: string): Promise<void> {
  return removeState(files, path);
}

function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
