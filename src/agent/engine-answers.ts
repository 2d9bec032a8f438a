/**
 * Answers of an engine: what its programs have printed. These programs are slow, so a read has what they said last, and they are
 * asked behind it when something tells that it may have changed: an answer that differs causes another read. While the
 * engine does not answer, its networks are what it said last: only it can change them, and blocking them would serve
 * nobody. Files of engines are always read anew.
 */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../apply/undo.ts';
import type { Engine, NetworkLabel } from '../engines/engine.ts';
import { MustredirectError, markHandled } from '../error.ts';
import type { Host } from '../host/ports.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import type { NetworkFacts } from '../state/facts.ts';
import { type Ask, type KeptAnswers, keepAnswers } from './kept-answers.ts';

export interface EngineAnswers {
  readonly engine: Engine;
  /**
   * The engine is asked behind the next read; one that is being answered asks once more.
   *
   * @param what `networks`: something happened to networks or containers, and what the engine said of itself still holds
   */
  readonly forget: (what?: 'networks') => void;
  /** The next read asks the engine, and waits for a moment. */
  readonly waitNext: () => void;
  /** whether any of its programs has answered */
  readonly isKnown: () => boolean;
  /** why the engine does not answer; undefined: it does */
  readonly silence: () => string | undefined;
}

export interface AnswerPorts {
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** called when an engine that was asked behind a read has something new to say, or begins or ends to be silent */
  readonly onNews: () => void;
}

/** milliseconds after which an engine whose last answer is known counts as silent */
const patience = 1000;
const slow = `took longer than ${patience / 1000} s`;

export function rememberEngine(engine: Engine, ports: AnswerPorts): EngineAnswers {
  const networks = rememberAnswers<readonly NetworkRequest[], readonly NetworkFacts[]>(
    (host, asked) => engine.readNetworks(host, asked),
    engine.lasting,
    ports,
  );
  const labels = rememberAnswers<string, readonly NetworkLabel[]>(
    (host, label) => engine.listLabelled(host, label),
    engine.lasting,
    ports,
  );
  const both = [networks, labels];
  const missing: Missing = {};
  return {
    engine: {
      ...engine,
      readNetworks: networks.read,
      listLabelled: unlessMissing(labels.read, missing),
      onChanged: () => both.forEach(({ drop }) => drop()),
    },
    forget: (what) => {
      if (what === undefined) delete missing.error;
      both.forEach(({ forget }) => forget(what));
    },
    waitNext: () => {
      delete missing.error;
      both.forEach(({ waitNext }) => waitNext());
    },
    isKnown: () => both.some(({ isKnown }) => isKnown()),
    silence: () => networks.silence() ?? labels.silence(),
  };
}

interface Missing {
  /** the engine is not installed */
  error?: MustredirectError;
}

/** Labels are asked of engines that are not installed, too: these are looked for once, until all may have changed. */
function unlessMissing<Question, Answer>(
  ask: Ask<Question, Answer>,
  missing: Missing,
): Ask<Question, Answer> {
  return async (host, question) => {
    if (missing.error) throw missing.error;
    try {
      return await ask(host, question);
    } catch (error) {
      if (error instanceof MustredirectError && error.code === 'missing-tool') missing.error = error;
      throw error;
    }
  };
}

/** The answers to one question, which may be about other networks each time. */
function rememberAnswers<Question, Answer>(
  askEngine: Ask<Question, Answer>,
  lasting: Engine['lasting'],
  ports: AnswerPorts,
) {
  const answers = keepAnswers(askEngine, lasting);
  const silence: Silence = {};
  let isAwaited = false;
  const askBehind = createAskBehind(answers, silence, ports);
  const askAndWait: Ask<Question, Answer> = async (host, question) => {
    isAwaited = false;
    const asking = markHandled(answers.ask(host, question));
    silence.why = await silenceOf(asking, ports.sleep);
    if (silence.why === undefined) return asking;
    const held = await answers.recall(host, question).catch(() => undefined);
    // Nothing is held.
    if (held === undefined) silence.why = undefined;
    return held ?? asking;
  };
  const read: Ask<Question, Answer> = async (host, question) => {
    if (isAwaited || answers.isFresh() || !answers.isKnown()) return askAndWait(host, question);
    const held = await answers.recall(host, question).catch(() => undefined);
    if (held === undefined) return askAndWait(host, question);
    void askBehind(host, question, held);
    return held;
  };
  return {
    read,
    drop: answers.drop,
    forget: answers.forget,
    waitNext: (): void => {
      answers.forget();
      isAwaited = true;
    },
    isKnown: answers.isKnown,
    silence: () => silence.why,
  };
}

interface Silence {
  /** why the engine does not answer; absent: it does */
  why?: string | undefined;
}

/** Makes a function that asks behind a read that had this answer, one question at a time. */
function createAskBehind<Question, Answer>(
  answers: KeptAnswers<Question, Answer>,
  silence: Silence,
  { sleep, onNews }: AnswerPorts,
): (host: Host, question: Question, held: Answer) => Promise<void> {
  let pending: string | undefined;
  return async (host, asked, held) => {
    const question = JSON.stringify(asked);
    if (pending === question) return;
    pending = question;
    const asking = markHandled(answers.ask(host, asked));
    let wasSilent = silence.why !== undefined;
    let why = await silenceOf(asking, sleep);
    if (why === slow) {
      silence.why = slow;
      if (!wasSilent) onNews();
      wasSilent = true;
      why = await asking.then(() => undefined, messageOf);
    }
    // Another question may have come since.
    if (pending !== question) return;
    pending = undefined;
    silence.why = why;
    const answer = await asking.catch(() => undefined);
    const isSilent = why !== undefined;
    // A refusal is an answer: nothing is held any more.
    if (answer === undefined && !isSilent) answers.drop();
    const isNews = answer !== undefined ? !isDeepStrictEqual(answer, held) || !answers.isFresh() : !isSilent;
    if (isNews || isSilent !== wasSilent) onNews();
  };
}

/**
 * Why there is no answer in time; undefined: there is one, or a refusal, which is one: that program is missing, or speaks
 * to another machine.
 */
async function silenceOf(asking: Promise<unknown>, sleep: AnswerPorts['sleep']): Promise<string | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([asking.then(() => undefined), sleep(patience, timer.signal).then(() => slow)]);
  } catch (error) {
    return error instanceof MustredirectError && error.code !== 'failed' ? undefined : messageOf(error);
  } finally {
    timer.abort();
  }
}
