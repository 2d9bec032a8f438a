/** Checks redirected subnets and direct destinations: none listed twice, and none that covers every address. */
import { type Subnet, familyOf, findOverlaps, mergeSubnets, prefixLength } from '../address/cidr.ts';
import type { Check, CheckInput } from './check-context.ts';
import type { SubnetInFile } from './addresses-in-file.ts';
import { isTooWide, specialRangeOf } from './ranges.ts';
import { type RangedProblem, nameText, problemAt } from './tree.ts';

export const checkSubnets: Check = (input) => {
  const { subnets } = input;
  return [
    ...subnets.flatMap((entry) => checkUse(input, entry)),
    ...checkOnePerFamily(input),
    ...checkOverlaps(input, subnets),
    ...checkDirect(input),
  ];
};

function checkUse({ valuePosition }: CheckInput, { subnet, path }: SubnetInFile): RangedProblem[] {
  if (isTooWide(subnet)) {
    const hint = 'write the subnet that the containers have, such as 10.89.4.0/24';
    return [problemAt(valuePosition(path), `${subnet} is wider than any container network`, hint)];
  }
  const [address = ''] = subnet.split('/');
  const range = specialRangeOf(address);
  if (range === undefined) return [];
  return [problemAt(valuePosition(path), `${subnet} is not for containers: ${address} is ${range}`)];
}

function checkOnePerFamily({ draft, subnets, valuePosition }: CheckInput): RangedProblem[] {
  return subnets.flatMap(({ subnet, network, node, path }) => {
    const list = draft.networks?.[network]?.subnets?.[node] ?? [];
    const before = list.find((other) => familyOf(other) === familyOf(subnet));
    if (before === undefined || before === subnet) return [];
    const message = `${network} has two IPv${familyOf(subnet)} subnets on ${nameText(node)}, ${before} and ${subnet}`;
    return [problemAt(valuePosition(path), message, 'write a network of its own for the second one')];
  });
}

function checkOverlaps({ valuePosition }: CheckInput, subnets: readonly SubnetInFile[]): RangedProblem[] {
  const usable = subnets.filter(({ subnet }) => !isTooWide(subnet));
  return findOverlaps(usable).map((pair) => {
    const positioned = pair.map((entry) => ({ ...entry, position: valuePosition(entry.path) }));
    const [first, second] = positioned.toSorted(
      (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
    );
    if (!first || !second) throw new RangeError('an overlap has two sides');
    const relation = first.subnet === second.subnet ? 'is already' : `overlaps ${first.subnet},`;
    const of = `the subnet of network ${first.network} on ${nameText(first.node)} (line ${first.position.line})`;
    const hint = 'give each network a subnet of its own on each node';
    return problemAt(second.position, `${second.subnet} ${relation} ${of}`, hint);
  });
}

function checkDirect({ draft, valuePosition, keyPosition }: CheckInput): RangedProblem[] {
  return Object.entries(draft.networks ?? {}).flatMap(([network, { direct = [] }]) => {
    if (direct.length === 0) return [];
    const path = ['networks', network, 'direct'];
    const everything = (merged: Subnet) => prefixLength(merged) === 0;
    const hint = 'name only the destinations that must not go through the gateway';
    const cover = direct.findIndex(everything);
    if (cover >= 0) {
      const message = `${direct[cover]} covers every address: nothing would go through the gateway`;
      return [problemAt(valuePosition([...path, cover]), message, hint)];
    }
    if (mergeSubnets(direct).some(everything)) {
      const message = 'together these cover every address: nothing would go through the gateway';
      return [problemAt(keyPosition(path), message, hint)];
    }
    const known = new Set<Subnet>();
    return direct.flatMap((subnet, i) => {
      if (!known.has(subnet) && known.add(subnet)) return [];
      return [problemAt(valuePosition([...path, i]), `${subnet} is in this list already`, 'remove it')];
    });
  });
}
