/** What the programs of one engine have printed, and which of it may still be used. */
import type { Engine } from '../engines/engine.ts';
import { MustredirectError, markHandled } from '../error.ts';
import type { Exec, Host, Output } from '../host/ports.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import type { NetworkFacts } from '../state/facts.ts';

export type ReadNetworks = (
  host: Host,
  networks: readonly NetworkRequest[],
) => Promise<readonly NetworkFacts[]>;

export function keepAnswers(engine: Engine) {
  /** command -> what it printed */
  let answers: ReadonlyMap<string, Output> = new Map();
  const lasting = new Set(engine.lasting?.map(keyOf));
  /** which of the answers hold */
  let holds: 'all' | 'lasting' | 'none' = 'none';
  let [forgotten, dropped] = [0, 0];
  const known = (): ReadonlyMap<string, Output> =>
    new Map([...answers].filter(([key]) => holds === 'all' || (holds === 'lasting' && lasting.has(key))));
  let [begun, kept] = [0, 0];
  const askOnce: ReadNetworks = async (host, networks) => {
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
  const { read: ask, restart } = restartable(askOnce);
  /** Reads as if the engine gave its last answers; rejects when one is not known. */
  const recall: ReadNetworks = (host, networks) =>
    engine.readNetworks({ ...host, exec: replaying(answers) }, networks);
  return {
    ask,
    recall,
    /** They may have changed: the engine is asked again, and they are held while it is silent. */
    forget: (what?: 'networks'): void => {
      forgotten += 1;
      holds = what === 'networks' && holds !== 'none' ? 'lasting' : 'none';
      restart();
    },
    /** They are wrong: nothing is held. */
    drop: (): void => {
      dropped += 1;
      holds = 'none';
      answers = new Map();
    },
    isKnown: (): boolean => answers.size > 0,
    /** whether nothing tells that any of them may have changed */
    isFresh: (): boolean => holds === 'all',
  };
}

/** Makes a read that begins once more when `restart` is called before it ends. */
function restartable(once: ReadNetworks): { readonly read: ReadNetworks; readonly restart: () => void } {
  let restart = (): void => {};
  return {
    read: async (host, networks) => {
      const reading = markHandled(once(host, networks));
      const restarted = new Promise<undefined>((resolve) => {
        restart = () => resolve(undefined);
      });
      // Once: an engine that something happens to all the time has to be heard, too.
      return (await Promise.race([reading, restarted])) ?? once(host, networks);
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
