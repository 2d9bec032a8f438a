/** Checks pools of labelled networks, and the gateways that a label may name. */
import { type Subnet, findOverlaps, subnetOfAddress } from '../address/cidr.ts';
import {
  type PoolInFile,
  gatewayAddressesOf,
  hostAddressesOf,
  labelGatewaysOf,
  nameServersOf,
  poolsOf,
} from './addresses-in-file.ts';
import type { Check, CheckInput } from './check-context.ts';
import { isTooWide, specialRangeOf } from './ranges.ts';
import { type Path, type RangedProblem, nameText, problemAt, quote } from './tree.ts';

export const checkDiscover: Check = (input) => {
  if (!input.draft.discover) return [];
  const pools = poolsOf(input.draft);
  return [
    ...checkNodes(input),
    ...pools.flatMap((pool) => checkUse(input, pool)),
    ...checkOverlaps(
      input,
      pools.filter(({ subnet }) => !isTooWide(subnet)),
    ),
    ...checkGateways(input),
    ...checkMembers(input),
  ];
};

function checkNodes({ draft, hosts, keyPosition, suggest }: CheckInput): RangedProblem[] {
  if (!hosts) return [];
  const nodes = Object.keys(draft.discover?.pools ?? {});
  return nodes
    .filter((node) => !hosts.includes(node))
    .map((node) => {
      const position = keyPosition(['discover', 'pools', node]);
      return problemAt(position, `unknown host ${quote(node)}`, suggest(node, hosts, 'hosts of this file'));
    });
}

function checkUse({ valuePosition }: CheckInput, { subnet, path }: PoolInFile): RangedProblem[] {
  if (isTooWide(subnet)) {
    const hint =
      'write the subnets that the engine of this node takes its networks from, such as 10.89.0.0/16';
    return [problemAt(valuePosition(path), `${subnet} is wider than any pool of container networks`, hint)];
  }
  const [address = ''] = subnet.split('/');
  const range = specialRangeOf(address);
  if (range === undefined) return [];
  return [problemAt(valuePosition(path), `${subnet} is not for containers: ${address} is ${range}`)];
}

/** A part of the file that a pool must not overlap. */
interface Other {
  readonly subnet: Subnet;
  readonly path: Path;
  /** `the subnet of network web on node1` */
  readonly what: string;
  readonly hint: string;
  readonly isPool?: true;
}

/** Packets to an address in a pool belong to a container of its node, and only one rule may say where they leave. */
function checkOverlaps(input: CheckInput, pools: readonly PoolInFile[]): RangedProblem[] {
  const { valuePosition } = input;
  const all = [...pools.map(poolAsOther), ...othersIn(input)];
  return findOverlaps(all).flatMap((pair) => {
    if (!pair.some(({ isPool }) => isPool)) return [];
    const positioned = pair.map((one) => ({ ...one, position: valuePosition(one.path) }));
    const [first, second] = positioned.toSorted(
      (a, b) =>
        Number(a.isPool ?? false) - Number(b.isPool ?? false) ||
        a.position.line - b.position.line ||
        a.position.column - b.position.column,
    );
    if (!first || !second) throw new RangeError('an overlap has two sides');
    const message = `${second.subnet} overlaps ${first.what} (line ${first.position.line})`;
    return [problemAt(second.position, message, first.hint)];
  });
}

function poolAsOther({ subnet, node, path }: PoolInFile): Other {
  const what = `${subnet}, a pool of ${nameText(node)}`;
  return { subnet, path, what, hint: 'give each node pools of its own', isPool: true };
}

function othersIn({ draft, subnets }: CheckInput): Other[] {
  const addresses = [...hostAddressesOf(draft), ...nameServersOf(draft), ...gatewayAddressesOf(draft)];
  return [
    ...subnets
      .filter(({ subnet }) => !isTooWide(subnet))
      .map(({ subnet, network, node, path }) => ({
        subnet,
        path,
        what: `${subnet}, the subnet of network ${network} on ${nameText(node)}`,
        hint: 'a network of the file has a subnet outside of all pools: narrow the pool, or remove the network and give it the label',
      })),
    ...addresses.map(({ address, what, path }) => ({
      subnet: subnetOfAddress(address),
      path,
      what: `${address}, ${what}`,
      hint: 'only containers can have addresses in a pool: narrow it',
    })),
  ];
}

function checkGateways({ draft, gateways, valuePosition, suggest }: CheckInput): RangedProblem[] {
  const listed = draft.discover?.gateways ?? [];
  return listed.flatMap((name, i) => {
    const position = valuePosition(['discover', 'gateways', i]);
    if (listed.indexOf(name) !== i)
      return [problemAt(position, `${quote(name)} is in this list already`, 'remove it')];
    if (!gateways || gateways.includes(name)) return [];
    const hint = suggest(name, gateways, 'gateways of this file');
    return [problemAt(position, `unknown gateway ${quote(name)}`, hint)];
  });
}

/** A member knows the pool that a packet comes from, and not the label of its network. */
function checkMembers({ draft, keyPosition }: CheckInput): RangedProblem[] {
  const found = new Map<string, string[]>();
  for (const gateway of labelGatewaysOf(draft)) {
    const hosts = (draft.gateways?.[gateway]?.members ?? []).flatMap(({ host }) => host ?? []);
    for (const host of new Set(hosts)) found.set(host, [...(found.get(host) ?? []), gateway]);
  }
  const path = draft.discover?.gateways ? ['discover', 'gateways'] : ['discover'];
  return [...found].flatMap(([host, gateways]) => {
    if (gateways.length < 2) return [];
    const message = `${host} is a member of ${gateways.join(' and ')}: it cannot tell which of them a packet from a pool is for`;
    const hint = `list under \`gateways:\` only one of them, such as \`gateways: [${gateways[0]}]\`; networks of the file may use the others`;
    return [problemAt(keyPosition(path), message, hint)];
  });
}
