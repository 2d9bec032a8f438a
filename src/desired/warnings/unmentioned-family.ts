/** A family that a network has and the file does not mention: nobody redirects it. */
import { type Family, contains, familyOf } from '../../address/cidr.ts';
import type { Link, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Warning } from '../parts.ts';

/** @param bridge the network's, when it is known: it shows what no engine tells */
export function unmentionedFamily(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  bridge: Link | undefined,
): Warning[] {
  return ([4, 6] as const)
    .filter((family) => !network.blocked.includes(family))
    .filter((family) => !network.subnets.some((subnet) => familyOf(subnet) === family))
    .flatMap((family) => {
      const given = found?.subnets.filter((subnet) => familyOf(subnet) === family) ?? [];
      if (found && given.length > 0) return [warning(network, family, `${found.backend} gives it`, given)];
      const own = bridge?.addresses.filter(
        (address) => familyOf(address) === family && !isLinkLocal(address),
      );
      return bridge && own && own.length > 0 ? [warning(network, family, `${bridge.name} has`, own)] : [];
    });
}

function warning({ name }: NodeNetwork, family: Family, who: string, what: readonly string[]): Warning {
  return {
    message: `network ${name}: ${who} ${what.join(', ')} too, and the file does not mention it: IPv${family} leaves by the host's own way`,
    hint: `write the subnet under \`subnets:\`, or \`ipv${family}: block\``,
  };
}

/** Every link that is up has one. */
function isLinkLocal(address: string): boolean {
  return contains('fe80::/10', address.split('/')[0] ?? '');
}
