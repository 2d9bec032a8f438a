/** Checks published ports: each leads to one container, in a network that replies through the gateway. */
import { type Subnet, familyOf } from '../address/cidr.ts';
import { containingSubnets } from '../address/containing-subnets.ts';
import { labelGatewaysOf, poolsOf } from './addresses-in-file.ts';
import type { Check, CheckInput } from './check-context.ts';
import { type Path, type SourcePosition, type RangedProblem, problemAt } from './tree.ts';

export const checkPublish: Check = (input) => {
  const served = servedSubnets(input);
  return Object.entries(input.draft.gateways ?? {}).flatMap(([gateway, { publish = [] }]) => {
    const first = new Map<string, SourcePosition>();
    const subnets = served.get(gateway) ?? [];
    const inside = containingSubnets(
      subnets,
      publish.flatMap(({ to }) => to ?? []),
    );
    return publish.flatMap(({ port, proto = 'tcp', to }, i) => {
      if (to === undefined) return [];
      const path = ['gateways', gateway, 'publish', i];
      return [
        ...(inside.has(to) ? [] : [wrongTarget(input, gateway, to, subnets, [...path, 'to'])]),
        ...(port === undefined
          ? []
          : checkDuplicatePort(input, first, port, `${proto} IPv${familyOf(to)}`, path)),
      ];
    });
  });
};

function servedSubnets({ draft, openSubnets }: CheckInput): Map<string, Subnet[]> {
  const served = new Map<string, Subnet[]>();
  for (const { subnet, network } of openSubnets) {
    const gateway = draft.networks?.[network]?.via;
    if (gateway === undefined) continue;
    const known = served.get(gateway);
    if (known) known.push(subnet);
    else served.set(gateway, [subnet]);
  }
  for (const { subnet, node } of poolsOf(draft)) {
    for (const gateway of labelGatewaysOf(draft, node))
      served.set(gateway, [...(served.get(gateway) ?? []), subnet]);
  }
  return served;
}

function wrongTarget(
  { valuePosition }: CheckInput,
  gateway: string,
  to: string,
  subnets: readonly Subnet[],
  path: Path,
): RangedProblem {
  const message = `${to} is in no network that leaves by ${gateway}: its replies would take another path`;
  const hint =
    subnets.length === 0
      ? `no network leaves by ${gateway}`
      : `write an address in ${subnets.slice(0, 8).join(', ')}`;
  return problemAt(valuePosition(path), message, hint);
}

function checkDuplicatePort(
  { valuePosition }: CheckInput,
  first: Map<string, SourcePosition>,
  port: number,
  what: string,
  path: Path,
): RangedProblem[] {
  const position = valuePosition([...path, 'port']);
  const before = first.get(`${port} ${what}`);
  if (!before) first.set(`${port} ${what}`, position);
  if (!before) return [];
  const message = `port ${port} of ${what} is published already (line ${before.line})`;
  return [problemAt(position, message, 'give one of them another port')];
}
