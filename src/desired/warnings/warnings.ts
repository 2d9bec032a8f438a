/** What will hurt sooner or later, and keeps nothing from being applied. */
import type { Facts } from '../../state/facts.ts';
import type { HostRole, NodeNetwork } from '../../topology/role.ts';
import { bridgeOf } from '../node.ts';
import type { Warning } from '../parts.ts';
import { unmentionedFamily } from './unmentioned-family.ts';

export function hostWarnings({ networks }: Pick<HostRole, 'networks'>, facts: Facts): Warning[] {
  return networks.flatMap((network) => networkWarnings(network, facts));
}

function networkWarnings(network: NodeNetwork, facts: Facts): Warning[] {
  const { engine, name } = network;
  const found = facts.networks.find((known) => known.engine === engine && known.name === name);
  const { bridge } = bridgeOf(network, facts);
  const link = facts.links.find((known) => known.name === bridge);
  return unmentionedFamily(network, found, link);
}
