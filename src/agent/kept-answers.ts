/** What the programs of one engine have printed, and which of it may still be used. */
import type { Engine } from '../engines/engine.ts';
import { MustredirectError, markHandled } from '../error.ts';
import type { Exec, Host, Output } from '../host/ports.ts';

export type Ask<Question, Answer> = (host: Host, question: Question) => Promise<Answer>;

export interface KeptAnswers<Question, Answer> {
  readonly ask: Ask<Question, Answer>;
  /** Asks as if the engine gave its last answers; rejects when one is not known. */
  readonly recall: Ask<Question, Answer>;
  /** They may have changed: the engine is asked again, and they are held while it is silent. */
  readonly forget: (what?: 'networks') => void;
  /** They are wrong: nothing is held. */
  readonly drop: () => void;
  /** whether any program has answered */
  readonly isKnown: () => boolean;
  /** whether nothing tells that any of them may have changed */
  readonly isFresh: () => boolean;
}

/** @param lastingPrograms programs whose output holds while only networks and containers change */
export function keepAnswers<Question, Answer>(
  askEngine: Ask<Question, Answer>,
  lastingPrograms: Engine['lasting'] = [],
): KeptAnswers<Question, Answer> {
  /** command -> what it printed */
  let answers: ReadonlyMap<string, Output> = new Map();
  const lasting = new Set(lastingPrograms.map(keyOf));
  /** which of the answers hold */
  let holds: 'all' | 'lasting' | 'none' = 'none';
  let [forgotten, dropped] = [0, 0];
  const known = (): ReadonlyMap<string, Output> =>
    new Map([...answers].filter(([key]) => holds === 'all' || (holds === 'lasting' && lasting.has(key))));
  let [begun, kept] = [0, 0];
  const askOnce: Ask<Question, Answer> = async (host, question) => {
    begun += 1;
    const [mine, forgottenThen, droppedThen] = [begun, forgotten, dropped];
    const printed = new Map<string, Output>();
    const exec = recording(host.exec, known(), printed);
    const answer = await askEngine({ ...host, exec }, question);
    if (droppedThen !== dropped || mine < kept) return answer;
    [answers, kept] = [printed, mine];
    if (forgottenThen === forgotten) holds = 'all';
    return answer;
  };
  const { read: ask, restart } = restartable(askOnce);
  return {
    ask,
    recall: (host, question) => askEngine({ ...host, exec: replaying(answers) }, question),
    forget: (what?: 'networks'): void => {
      forgotten += 1;
      holds = what === 'networks' && holds !== 'none' ? 'lasting' : 'none';
      restart();
    },
    drop: (): void => {
      dropped += 1;
      holds = 'none';
      answers = new Map();
    },
    isKnown: (): boolean => answers.size > 0,
    isFresh: (): boolean => holds === 'all',
  };
}

/** Makes a read that begins once more when `restart` is called before it ends. */
function restartable<Question, Answer>(
  once: Ask<Question, Answer>,
): { readonly read: Ask<Question, Answer>; readonly restart: () => void } {
  let restart = (): void => {};
  return {
    read: async (host, question) => {
      const reading = markHandled(once(host, question));
      const restarted = new Promise<undefined>((resolve) => {
        restart = () => resolve(undefined);
      });
      // Once: an engine that something happens to all the time has to be heard, too.
      return (await Promise.race([reading, restarted])) ?? once(host, question);
    },
    restart: () => restart(),
  };
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
