/**
 * What the programs of an engine have printed. It is kept until something tells that it may have changed, since these
 * programs are slow. While the engine does not answer, its networks are what it said last: only it can change them, and
 * blocking them would serve nobody. Files of engines are always read anew.
 */
import { messageOf } from '../apply/undo.ts';
import type { Engine } from '../engines/engine.ts';
import { MustredirectError, markHandled } from '../error.ts';
import type { Exec, Host, Output } from '../host/ports.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import type { NetworkFacts } from '../state/facts.ts';

export interface EngineAnswers {
  readonly engine: Engine;
  /**
   * The next read asks the engine; one that is being answered asks once more.
   *
   * @param what `networks`: something happened to networks or containers, and what the engine said of itself still holds
   */
  readonly forget: (what?: 'networks') => void;
  /** whether any of its programs has answered */
  readonly isKnown: () => boolean;
  /** why the engine does not answer; undefined: it does */
  readonly silence: () => string | undefined;
}

export interface AnswerPorts {
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** called when an engine answers a question that was no longer waited for */
  readonly onLateAnswer: () => void;
}

type Read = (host: Host, networks: readonly NetworkRequest[]) => Promise<readonly NetworkFacts[]>;

/** milliseconds that a read waits for an engine whose last answer is known */
const patience = 1000;
const slow = `took longer than ${patience / 1000} s`;

export function rememberEngine(engine: Engine, { sleep, onLateAnswer }: AnswerPorts): EngineAnswers {
  const answers = keepAnswers(engine);
  let silence: string | undefined;
  /** question that is no longer waited for, and has no answer yet */
  let pending: string | undefined;
  const waitNoLonger = async (question: string, asking: Promise<unknown>): Promise<void> => {
    pending = question;
    const failure = await asking.then(() => undefined, messageOf);
    // Another question may have come since.
    if (pending !== question) return;
    pending = undefined;
    silence = failure;
    if (failure === undefined) onLateAnswer();
  };
  const readNetworks: Read = async (host, networks) => {
    const question = JSON.stringify(networks);
    if (pending === question) return answers.recall(host, networks);
    const asking = markHandled(answers.ask(host, networks));
    silence = await silenceOf(asking, sleep);
    if (silence === undefined) return asking;
    try {
      const facts = await answers.recall(host, networks);
      if (silence === slow) void waitNoLonger(question, asking);
      return facts;
    } catch {
      // Nothing is held.
      silence = undefined;
      return asking;
    }
  };
  return {
    engine: { ...engine, readNetworks, onChanged: answers.drop },
    forget: answers.forget,
    isKnown: answers.isKnown,
    silence: () => silence,
  };
}

function keepAnswers(engine: Engine) {
  /** command -> what it printed */
  let answers: ReadonlyMap<string, Output> = new Map();
  const lasting = new Set(engine.lasting?.map(keyOf));
  /** which of the answers hold */
  let holds: 'all' | 'lasting' | 'none' = 'none';
  let [forgotten, dropped] = [0, 0];
  let onForget = (): void => {};
  const known = (): ReadonlyMap<string, Output> =>
    new Map([...answers].filter(([key]) => holds === 'all' || (holds === 'lasting' && lasting.has(key))));
  let [begun, kept] = [0, 0];
  const askOnce: Read = async (host, networks) => {
    begun += 1;
    const [mine, forgottenThen, droppedThen] = [begun, forgotten, dropped];
    const printed = new Map<string, Output>();
    const exec = recording(host.exec, known(), printed);
    const facts = await engine.readNetworks({ ...host, exec }, networks);
    if (droppedThen !== dropped || mine < kept) return facts;
    [answers, kept] = [printed, mine];
    if (forgottenThen === forgotten) holds = 'all';
    return facts;
  };
  const ask: Read = async (host, networks) => {
    const asking = markHandled(askOnce(host, networks));
    const overtaken = new Promise<undefined>((resolve) => {
      onForget = () => resolve(undefined);
    });
    // Once: an engine that something happens to all the time has to be heard, too.
    return (await Promise.race([asking, overtaken])) ?? askOnce(host, networks);
  };
  /** Reads as if the engine gave its last answers; rejects when one is not known. */
  const recall: Read = (host, networks) =>
    engine.readNetworks({ ...host, exec: replaying(answers) }, networks);
  return {
    ask,
    recall,
    /** They may have changed: the engine is asked again, and they are held while it is silent. */
    forget: (what?: 'networks'): void => {
      forgotten += 1;
      holds = what === 'networks' && holds !== 'none' ? 'lasting' : 'none';
      onForget();
    },
    /** They are wrong: nothing is held. */
    drop: (): void => {
      dropped += 1;
      holds = 'none';
      answers = new Map();
    },
    isKnown: (): boolean => answers.size > 0,
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

function keyOf(argv: readonly string[]): string {
  return argv.join('\0');
}

/** Runs programs whose output is not known, and notes all output. */
function recording(exec: Exec, known: ReadonlyMap<string, Output>, printed: Map<string, Output>): Exec {
  return {
    run: async (argv, options) => {
      const key = keyOf(argv);
      const output = known.get(key) ?? (await exec.run(argv, options));
      printed.set(key, output);
      return output;
    },
  };
}

function replaying(known: ReadonlyMap<string, Output>): Exec {
  return {
    run: async (argv) => {
      const output = known.get(keyOf(argv));
      if (output) return output;
      throw new MustredirectError('failed', `${argv.join(' ')}: no answer is known`);
    },
  };
}
