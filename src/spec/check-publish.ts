/** Published ports of gateways: each leads to one container, of a network that answers through the gateway. */
import { subnetsAround } from '../address/around.ts';
import { type Subnet, familyOf } from '../address/cidr.ts';
import type { Check, Checked } from './check-context.ts';
import { type Path, type Place, type PlacedProblem, problemAt } from './tree.ts';

export const checkPublish: Check = (checked) => {
  const served = servedSubnets(checked);
  return Object.entries(checked.draft.gateways ?? {}).flatMap(([gateway, { publish = [] }]) => {
    const first = new Map<string, Place>();
    const subnets = served.get(gateway) ?? [];
    const inside = subnetsAround(
      subnets,
      publish.flatMap(({ to }) => to ?? []),
    );
    return publish.flatMap(({ port, proto = 'tcp', to }, i) => {
      if (to === undefined) return [];
      const path = ['gateways', gateway, 'publish', i];
      return [
        ...(inside.has(to) ? [] : [wrongTarget(checked, gateway, to, subnets, [...path, 'to'])]),
        ...(port === undefined ? [] : checkTaken(checked, first, port, `${proto} IPv${familyOf(to)}`, path)),
      ];
    });
  });
};

function servedSubnets({ draft, openSubnets }: Checked): Map<string, Subnet[]> {
  const served = new Map<string, Subnet[]>();
  for (const { subnet, network } of openSubnets) {
    const gateway = draft.networks?.[network]?.via;
    if (gateway === undefined) continue;
    const known = served.get(gateway);
    if (known) known.push(subnet);
    else served.set(gateway, [subnet]);
  }
  return served;
}

function wrongTarget(
  { valuePlace }: Checked,
  gateway: string,
  to: string,
  subnets: readonly Subnet[],
  path: Path,
): PlacedProblem {
  const message = `${to} is in no network that leaves by ${gateway}: its replies would take another path`;
  const hint =
    subnets.length === 0
      ? `no network leaves by ${gateway}`
      : `write an address in ${subnets.slice(0, 8).join(', ')}`;
  return problemAt(valuePlace(path), message, hint);
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
