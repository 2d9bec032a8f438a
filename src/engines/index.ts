/** All engines by the name that the file calls them. */
import { MustredirectError } from '../error.ts';
import { isInterruption } from '../host/process/interrupt.ts';
import type { Host } from '../host/ports.ts';
import type { EngineName } from '../spec/spec.ts';
import type { NetworkFacts, SilentEngine } from '../state/facts.ts';
import type { Engine, Environment } from './engine.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import { createCni } from './cni/index.ts';
import { createDocker } from './docker/index.ts';
import { external } from './external/index.ts';
import { createNerdctl } from './nerdctl/index.ts';
import { createPodman } from './podman/index.ts';

export type Engines = Readonly<Record<EngineName, Engine>>;

/** @param env what the engines' own programs read too: CONTAINERS_CONF, CONTAINERS_CONF_OVERRIDE, DOCKER_HOST, NETCONFPATH */
export function createEngines(env: Environment): Engines {
  return {
    podman: createPodman(env),
    docker: createDocker(env),
    nerdctl: createNerdctl(env),
    cni: createCni(env),
    external,
  };
}

type Request = NetworkRequest & { readonly engine: EngineName };

/**
 * Asks all engines at once, each about its own networks; the answers are in the order of the requests. One that does not
 * answer is named, and keeps the others from nothing.
 */
export async function askEngines(
  host: Host,
  engines: Engines,
  requests: readonly Request[],
): Promise<{ networks: NetworkFacts[]; silentEngines?: Partial<Record<EngineName, SilentEngine>> }> {
  const silent: Partial<Record<EngineName, SilentEngine>> = {};
  const asked = [...new Set(requests.map(({ engine }) => engine))];
  const answers = await Promise.all(
    asked.map((name) =>
      ask(host, engines, name, requests).catch((error: unknown) => {
        silent[name] = silence(error);
        return [];
      }),
    ),
  );
  const networks = inOrder(requests, answers.flat());
  return Object.keys(silent).length > 0 ? { networks, silentEngines: silent } : { networks };
}

/** The same, and fails when an engine does not answer. */
export async function readAllNetworks(
  host: Host,
  engines: Engines,
  requests: readonly Request[],
): Promise<NetworkFacts[]> {
  const asked = [...new Set(requests.map(({ engine }) => engine))];
  const answers = await Promise.all(asked.map((name) => ask(host, engines, name, requests)));
  return inOrder(requests, answers.flat());
}

function ask(
  host: Host,
  engines: Engines,
  name: EngineName,
  requests: readonly Request[],
): Promise<readonly NetworkFacts[]> {
  return engines[name].readNetworks(
    host,
    requests.filter(({ engine }) => engine === name),
  );
}

/** Ctrl-C is no silence. Everything else is: whatever an engine says keeps nothing from being closed. */
function silence(error: unknown): SilentEngine {
  if (isInterruption(error)) throw error;
  const why = error instanceof Error ? error.message : String(error);
  const hint = error instanceof MustredirectError ? error.hint : undefined;
  return { why, ...(hint === undefined ? {} : { hint }) };
}

function inOrder(requests: readonly Request[], answers: readonly NetworkFacts[]): NetworkFacts[] {
  const found = new Map(answers.map((facts) => [`${facts.engine} ${facts.name}`, facts]));
  return requests.flatMap(({ engine, name }) => found.get(`${engine} ${name}`) ?? []);
}
