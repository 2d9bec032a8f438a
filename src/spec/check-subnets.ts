/** Redirected subnets and exceptions: none twice, none that holds everything. */
import { type Subnet, familyOf, findOverlaps, mergeSubnets, prefixLength } from '../address/cidr.ts';
import type { Check, Checked } from './check-context.ts';
import type { PlacedSubnet } from './placed.ts';
import { isTooWide, specialRangeOf } from './ranges.ts';
import { type PlacedProblem, nameText, problemAt } from './tree.ts';

export const checkSubnets: Check = (checked) => {
  const { subnets } = checked;
  return [
    ...subnets.flatMap((placed) => checkUse(checked, placed)),
    ...checkOnePerFamily(checked),
    ...checkOverlaps(checked, subnets),
    ...checkDirect(checked),
  ];
};

function checkUse({ valuePlace }: Checked, { subnet, path }: PlacedSubnet): PlacedProblem[] {
  if (isTooWide(subnet)) {
    const hint = 'write the subnet that the containers have, such as 10.89.4.0/24';
    return [problemAt(valuePlace(path), `${subnet} is wider than any container network`, hint)];
  }
  const [address = ''] = subnet.split('/');
  const range = specialRangeOf(address);
  if (range === undefined) return [];
  return [problemAt(valuePlace(path), `${subnet} is not for containers: ${address} is ${range}`)];
}

function checkOnePerFamily({ draft, subnets, valuePlace }: Checked): PlacedProblem[] {
  return subnets.flatMap(({ subnet, network, node, path }) => {
    const list = draft.networks?.[network]?.subnets?.[node] ?? [];
    const before = list.find((other) => familyOf(other) === familyOf(subnet));
    if (before === undefined || before === subnet) return [];
    const message = `${network} has two IPv${familyOf(subnet)} subnets on ${nameText(node)}, ${before} and ${subnet}`;
    return [problemAt(valuePlace(path), message, 'write a network of its own for the second one')];
  });
}

function checkOverlaps({ valuePlace }: Checked, subnets: readonly PlacedSubnet[]): PlacedProblem[] {
  const usable = subnets.filter(({ subnet }) => !isTooWide(subnet));
  return findOverlaps(usable).map((pair) => {
    const places = pair.map((placed) => ({ ...placed, place: valuePlace(placed.path) }));
    const [first, second] = places.toSorted(
      (a, b) => a.place.line - b.place.line || a.place.column - b.place.column,
    );
    if (!first || !second) throw new RangeError('an overlap has two sides');
    const relation = first.subnet === second.subnet ? 'is already' : `overlaps ${first.subnet},`;
    const of = `the subnet of network ${first.network} on ${nameText(first.node)} (line ${first.place.line})`;
    const hint = 'give each network a subnet of its own on each node';
    return problemAt(second.place, `${second.subnet} ${relation} ${of}`, hint);
  });
}

function checkDirect({ draft, valuePlace, keyPlace }: Checked): PlacedProblem[] {
  return Object.entries(draft.networks ?? {}).flatMap(([network, { direct = [] }]) => {
    if (direct.length === 0) return [];
    const path = ['networks', network, 'direct'];
    const everything = (merged: Subnet) => prefixLength(merged) === 0;
    const hint = 'name only the destinations that must not go through the gateway';
    const cover = direct.findIndex(everything);
    if (cover >= 0) {
      const message = `${direct[cover]} covers every address: nothing would go through the gateway`;
      return [problemAt(valuePlace([...path, cover]), message, hint)];
    }
    if (mergeSubnets(direct).some(everything)) {
      const message = 'together these cover every address: nothing would go through the gateway';
      return [problemAt(keyPlace(path), message, hint)];
    }
    const known = new Set<Subnet>();
    return direct.flatMap((subnet, i) => {
      if (!known.has(subnet) && known.add(subnet)) return [];
      return [problemAt(valuePlace([...path, i]), `${subnet} is in this list already`, 'remove it')];
    });
  });
}
