/** All engines by the name that the file calls them. */
import type { Host } from '../host/ports.ts';
import type { EngineName } from '../spec/spec.ts';
import type { NetworkFacts } from '../state/facts.ts';
import type { Engine, Environment, NetworkRequest } from './engine.ts';
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

/** Asks all engines at once, each about its own networks; the answers are in the order of the requests. */
export async function readAllNetworks(
  host: Host,
  engines: Engines,
  requests: readonly (NetworkRequest & { readonly engine: EngineName })[],
): Promise<NetworkFacts[]> {
  const asked = [...new Set(requests.map(({ engine }) => engine))];
  const answers = await Promise.all(
    asked.map((name) =>
      engines[name].readNetworks(
        host,
        requests.filter(({ engine }) => engine === name),
      ),
    ),
  );
  const found = new Map(answers.flat().map((facts) => [`${facts.engine} ${facts.name}`, facts]));
  return requests.flatMap(({ engine, name }) => found.get(`${engine} ${name}`) ?? []);
}
