/**
 * Paths of probes through each member of a gateway, whichever of them is used: a fwmark, a rule and a table for each
 * member. Probes are packets of this host with an address of the network, so that a member treats them like the
 * network's own packets. Containers cannot take these paths: the rules match packets of this host only.
 */
import { type Family, families, familyOf } from '../../address/cidr.ts';
import { preferences } from '../../kinds/ownership.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import type { Facts } from '../../state/facts.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import { isOpen } from '../addresses.ts';
import { type Numbers, memberMarks } from '../allocate/numbers.ts';
import type { DesiredObject } from '../redirect.ts';
import { linkTowards } from './neighbours.ts';
import { closedDefault, openDefault } from './routes.ts';

export function probePaths(role: HostRole, numbers: Numbers, facts: Facts): DesiredObject[] {
  const members = new Map(
    (role.failover ?? []).flatMap((gateway) =>
      gateway.members.flatMap((member) =>
        familiesOf(role, gateway).map(
          (family) => [`${member.host} ${family}`, { ...member, family }] as const,
        ),
      ),
    ),
  );
  return [...members.values()].flatMap(({ host, addresses, family }) => {
    const via = addresses.find((address) => familyOf(address) === family);
    const kept = numbers.members?.[host];
    const link = via === undefined ? undefined : linkTowards(via, facts);
    if (via === undefined || !kept) return [];
    const { table } = kept;
    const routes = [
      { ...closedDefault(family, table, ''), why: `drop probes if member ${host} is unreachable` },
      ...(link && !link.down
        ? [openDefault(family, table, { via, device: link.name }, `member ${host} is at ${via}`)]
        : []),
    ];
    return [
      ...routes.map(({ route, why }) => ({ object: route, why })),
      { object: probeRule(family, host, table, numbers), why: `probes of this host through member ${host}` },
    ];
  });
}

/** Families that networks of this host send to the gateway. */
export function familiesOf(
  { networks }: Pick<HostRole, 'networks'>,
  { name }: Pick<FailoverGateway, 'name'>,
): Family[] {
  const users = networks.filter(
    ({ gateway, routes }) => gateway === name || Object.hasOwn(routes?.nextHops ?? {}, name),
  );
  return families.filter((family) =>
    users.some(
      (network) => isOpen(network, family) && network.subnets.some((subnet) => familyOf(subnet) === family),
    ),
  );
}

/** Fwmark of probes through a member. With the checked bit, the guard lets this host send with the network's address. */
export function probeMark(host: string, { members, checkedBit = 0 }: Numbers): number | undefined {
  const mark = members?.[host]?.mark;
  return mark === undefined ? undefined : (mark | checkedBit) >>> 0;
}

function probeRule(family: Family, host: string, table: number, numbers: Numbers): Rule {
  const { bypassBit = 0, checkedBit = 0, ownerBit = 0 } = numbers;
  const mask = (memberMarks | bypassBit | checkedBit | ownerBit) >>> 0;
  return {
    kind: 'rule',
    family,
    preference: preferences.probe,
    fwmark: { value: probeMark(host, numbers) ?? 0, mask },
    device: 'lo',
    action: { kind: 'lookup', table },
  };
}
