/**
 * Warns that a network has an address family that the file does not mention, so it is blocked, perhaps unintentionally.
 */
import { type Family, families, isLinkLocal } from '../../../address/cidr.ts';
import { addressOf, ofFamily } from '../../addresses.ts';
import type { Link, NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

/** @param bridge the network's bridge, if known: external networks have no engine to tell their subnets */
export function unmentionedFamily(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  bridge: Link | undefined,
): Warning[] {
  return families
    .filter((family) => !network.blocked.includes(family))
    .filter((family) => ofFamily(network.subnets, family).length === 0)
    .flatMap((family) => {
      const given = ofFamily(found?.subnets ?? [], family);
      if (found && given.length > 0) return [warning(network, family, `${found.backend} gives it`, given)];
      const own = ofFamily(bridge?.addresses ?? [], family).filter(
        (prefix) => !isLinkLocal(addressOf(prefix)),
      );
      return bridge && own.length > 0 ? [warning(network, family, `${bridge.name} has`, own)] : [];
    });
}

function warning({ name }: NodeNetwork, family: Family, who: string, what: readonly string[]): Warning {
  return {
    message: `network ${name}: ${who} ${what.join(', ')} too, and the file does not mention it: IPv${family} of its containers is blocked`,
    hint: `add the subnet under \`subnets:\`, or write \`ipv${family}: block\` to block it on purpose`,
  };
}
