/** Facts of a network from its engine; undefined if the engine was not queried. */
import type { Facts, NetworkFacts } from '../../state/facts.ts';

export function factsOf(
  { engine, name }: Pick<NetworkFacts, 'engine' | 'name'>,
  { networks }: Pick<Facts, 'networks'>,
): NetworkFacts | undefined {
  return networks.find((found) => found.engine === engine && found.name === name);
}
