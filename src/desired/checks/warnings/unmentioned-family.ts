/** A family that a network has and the file does not mention: it goes nowhere, and nobody may have meant that. */
import { type Family, families, familyOf, isLinkLocal } from '../../../address/cidr.ts';
import type { Link, NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

/** @param bridge the network's, when it is known: it shows what no engine tells */
export function unmentionedFamily(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  bridge: Link | undefined,
): Warning[] {
  return families
    .filter((family) => !network.blocked.includes(family))
    .filter((family) => !network.subnets.some((subnet) => familyOf(subnet) === family))
    .flatMap((family) => {
      const given = found?.subnets.filter((subnet) => familyOf(subnet) === family) ?? [];
      if (found && given.length > 0) return [warning(network, family, `${found.backend} gives it`, given)];
      const own = bridge?.addresses.filter(
        (address) => familyOf(address) === family && !isLinkLocal(address.split('/')[0] ?? ''),
      );
      return bridge && own && own.length > 0 ? [warning(network, family, `${bridge.name} has`, own)] : [];
    });
}

function warning({ name }: NodeNetwork, family: Family, who: string, what: readonly string[]): Warning {
  return {
    message: `network ${name}: ${who} ${what.join(', ')} too, and the file does not mention it: IPv${family} of its containers is blocked`,
    hint: `add the subnet under \`subnets:\`, or write \`ipv${family}: block\` to block it on purpose`,
  };
}
