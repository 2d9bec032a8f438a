/** Published ports of gateways: each leads to one container, of a network that answers through the gateway. */
import { type Subnet, contains, familyOf } from '../address/cidr.ts';
import type { Check, Checked } from './check.ts';
import { openSubnetsOf } from './placed.ts';
import { type Path, type Place, type PlacedProblem, problemAt } from './tree.ts';

export const checkPublish: Check = (checked) => {
  const served = servedSubnets(checked);
  return Object.entries(checked.draft.gateways ?? {}).flatMap(([gateway, { publish = [] }]) => {
    const first = new Map<string, Place>();
    return publish.flatMap(({ port, proto = 'tcp', to }, i) => {
      if (to === undefined) return [];
      const path = ['gateways', gateway, 'publish', i];
      return [
        ...checkTarget(checked, gateway, to, served.get(gateway) ?? [], [...path, 'to']),
        ...(port === undefined ? [] : checkTaken(checked, first, port, `${proto} IPv${familyOf(to)}`, path)),
      ];
    });
  });
};

function servedSubnets({ draft }: Checked): Map<string, Subnet[]> {
  const served = new Map<string, Subnet[]>();
  for (const { subnet, network } of openSubnetsOf(draft)) {
    const gateway = draft.networks?.[network]?.via;
    if (gateway === undefined) continue;
    const known = served.get(gateway);
    if (known) known.push(subnet);
    else served.set(gateway, [subnet]);
  }
  return served;
}

function checkTarget(
  { valuePlace }: Checked,
  gateway: string,
  to: string,
  subnets: readonly Subnet[],
  path: Path,
): PlacedProblem[] {
  if (subnets.some((subnet) => contains(subnet, to))) return [];
  const message = `${to} is in no network that leaves by ${gateway}: its answers would go another way`;
  const hint =
    subnets.length === 0
      ? `no network leaves by ${gateway}`
      : `write an address in ${subnets.slice(0, 8).join(', ')}`;
  return [problemAt(valuePlace(path), message, hint)];
}

function checkTaken(
  { valuePlace }: Checked,
  first: Map<string, Place>,
  port: number,
  what: string,
  path: Path,
): PlacedProblem[] {
  const place = valuePlace([...path, 'port']);
  const before = first.get(`${port} ${what}`);
  if (!before) first.set(`${port} ${what}`, place);
  if (!before) return [];
  const message = `port ${port} of ${what} is published already (line ${before.line})`;
  return [problemAt(place, message, 'give one of them another port')];
}
