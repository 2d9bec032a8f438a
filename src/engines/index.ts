/** All engines, by their name in the file. */
import { MustredirectError } from '../error.ts';
import { isInterruption } from '../host/process/interrupt.ts';
import type { Host } from '../host/ports.ts';
import type { EngineName } from '../spec/spec.ts';
import type { NetworkFacts, UnreadEngine } from '../state/facts.ts';
import type { Engine, Environment, NetworkLabel } from './engine.ts';
import type { NetworkRequest } from '../kinds/engine-network/schema.ts';
import { createCni } from './cni/index.ts';
import { createDocker } from './docker/index.ts';
import { external } from './external/index.ts';
import { createNerdctl } from './nerdctl/index.ts';
import { labellingEngines } from './own-label.ts';
import { createPodman } from './podman/index.ts';

export type Engines = Readonly<Record<EngineName, Engine>>;

/** @param env with CONTAINERS_CONF, CONTAINERS_CONF_OVERRIDE, DOCKER_HOST, NETCONFPATH, which engines read, too */
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
 * Queries all engines in parallel, each for its own networks; results are in the order of the requests. An engine that
 * fails is reported in `unreadEngines`; networks of the other engines are returned.
 */
export async function queryEngines(
  host: Host,
  engines: Engines,
  requests: readonly Request[],
): Promise<{ networks: NetworkFacts[]; unreadEngines?: Partial<Record<EngineName, UnreadEngine>> }> {
  const unread: Partial<Record<EngineName, UnreadEngine>> = {};
  const networks = await readEach(requests, (name) =>
    queryEngine(host, engines, name, requests).catch((error: unknown) => {
      unread[name] = unreadEngine(error);
      return [];
    }),
  );
  return Object.keys(unread).length > 0 ? { networks, unreadEngines: unread } : { networks };
}

export interface Labels {
  readonly labels: readonly (NetworkLabel & { readonly engine: EngineName })[];
  /** engines that are installed and answered */
  readonly listed: readonly EngineName[];
  readonly unread: Partial<Record<EngineName, UnreadEngine>>;
}

/** Finds the networks of all installed engines that carry a label. One that fails is reported in `unread`. */
export async function listLabelled(host: Host, engines: Engines, label: string): Promise<Labels> {
  const unread: Partial<Record<EngineName, UnreadEngine>> = {};
  const listed: EngineName[] = [];
  const found = await Promise.all(
    labellingEngines.map(async (engine) => {
      try {
        const labels = await engines[engine].listLabelled(host, label);
        listed.push(engine);
        return labels.map((one) => ({ engine, ...one }));
      } catch (error) {
        if (error instanceof MustredirectError && error.code === 'missing-tool') return [];
        unread[engine] = unreadEngine(error);
        return [];
      }
    }),
  );
  return { labels: found.flat(), listed: listed.toSorted(), unread };
}

/** Queries all engines in parallel, and throws when one fails. */
export function readAllNetworks(
  host: Host,
  engines: Engines,
  requests: readonly Request[],
): Promise<NetworkFacts[]> {
  return readEach(requests, (name) => queryEngine(host, engines, name, requests));
}

function queryEngine(
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

/** Rethrows Ctrl-C. After any other error the engine counts as unread, so that traffic can still be blocked. */
function unreadEngine(error: unknown): UnreadEngine {
  if (isInterruption(error)) throw error;
  const why = error instanceof Error ? error.message : String(error);
  const hint = error instanceof MustredirectError ? error.hint : undefined;
  return { why, ...(hint === undefined ? {} : { hint }) };
}

/** Reads the networks of each engine, and sorts them in the order of the requests. */
async function readEach(
  requests: readonly Request[],
  read: (name: EngineName) => Promise<readonly NetworkFacts[]>,
): Promise<NetworkFacts[]> {
  const names = [...new Set(requests.map(({ engine }) => engine))];
  const results = (await Promise.all(names.map(read))).flat();
  const found = new Map(results.map((facts) => [`${facts.engine} ${facts.name}`, facts]));
  return requests.flatMap(({ engine, name }) => found.get(`${engine} ${name}`) ?? []);
}
