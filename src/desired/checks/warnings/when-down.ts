/** Warnings about networks that leave past their gateway while none of its members works. */
import { type Address, type Family, families, familyOf } from '../../../address/cidr.ts';
import type { Facts } from '../../../state/facts.ts';
import type { FailoverGateway, NodeNetwork } from '../../../topology/role.ts';
import { isOpen } from '../../addresses.ts';
import type { Warning } from '../../redirect.ts';

export function whenDown(
  networks: readonly NodeNetwork[],
  gateways: readonly FailoverGateway[] = [],
  { agent }: Pick<Facts, 'agent'>,
): Warning[] {
  return networks.flatMap((network) => {
    if (network.whenDown !== 'direct') return [];
    const gateway = gateways.find(({ name }) => name === network.gateway);
    return [...leavesNow(network), mayLeave(network, agent), ...fewTargets(network, gateway)];
  });
}

function leavesNow({ name, gateway, leavesDirectly = {} }: NodeNetwork): Warning[] {
  return families.flatMap((family) => {
    const outage = leavesDirectly[family];
    if (!outage) return [];
    return [
      {
        message: `network ${name}: IPv${family} leaves directly, past gateway ${gateway}, since ${outage.since}: ${outage.why}`,
        hint: 'it leaves by the gateway again as soon as a member works; `when_down: block` blocks it instead',
      },
    ];
  });
}

function mayLeave({ name, gateway }: NodeNetwork, agent: string | undefined): Warning {
  if (agent === undefined) {
    return {
      message: `network ${name}: \`when_down: direct\` needs the agent, which does not run on this host: the network stays as it is, whatever the members of gateway ${gateway} do`,
      hint: '`mustredirect agent` runs it, `mustredirect install --agent` at every start',
    };
  }
  return {
    message: `network ${name}: its packets leave directly, past gateway ${gateway}, while no member of it works`,
    hint: 'the file says so (`when_down: direct`); `when_down: block` blocks them instead',
    intended: true,
  };
}

/** One address that stops to answer would be taken for an outage of every member. */
function fewTargets(network: NodeNetwork, gateway: FailoverGateway | undefined): Warning[] {
  const few = families.filter((family) => isOpen(network, family) && countOf(gateway, family) < 2);
  if (!gateway || few.length === 0) return [];
  return [
    {
      message: `network ${network.name}: gateway ${gateway.name} has less than two targets of ${few.map((family) => `IPv${family}`).join(' and ')}: when they do not answer, the network leaves directly, although members may work`,
      hint: 'name two or more addresses beyond the uplinks: `check: { targets: [1.1.1.1, 9.9.9.9] }`',
    },
  ];
}

function countOf(gateway: FailoverGateway | undefined, family: Family): number {
  return (gateway?.targets ?? []).filter((address: Address) => familyOf(address) === family).length;
}
