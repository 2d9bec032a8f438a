/** Which networks a lab's file has: the one that is measured, among others that are scattered so that none merge. */
import type { Address, Subnet } from '../../src/address/cidr.ts';
import { addresses, network } from '../../src/lab/layout.ts';

export interface Networks {
  /** how many there are altogether */
  readonly count: number;
  /** who holds those that are not measured: other nodes, so that the gateway alone has them all, or node1 */
  readonly others: 'other nodes' | 'node1';
}

export interface Placed {
  readonly name: string;
  readonly subnet: Subnet;
  readonly node: string;
  readonly nodeAddress: Address;
}

/** Nodes that are in the file only. A network has one subnet on each, so a few hold them all. */
const otherNodes = 50;

/**
 * All of them in the order of the file. The one that is measured is in the middle: what walks a list one by one
 * comes to it half-way.
 */
export function placedNetworks({ count, others }: Networks): readonly Placed[] {
  const measured = {
    name: network.name,
    subnet: network.subnet,
    node: 'node1',
    nodeAddress: addresses.node1,
  };
  const rest = Array.from({ length: count - 1 }, (_, index) => placeOther(index, others));
  const middle = Math.floor(rest.length / 2);
  return [...rest.slice(0, middle), measured, ...rest.slice(middle)];
}

/** Another one on another node, for a file that has so many. */
export function oneMore(count: number): Placed {
  return placeOther(count - 1, 'other nodes');
}

function placeOther(index: number, others: Networks['others']): Placed {
  const name = `net${String(index + 1).padStart(5, '0')}`;
  // Every second /24 of 10.0.0.0/8: no two of them are one larger subnet, and 10.89 is never reached.
  const subnet = `10.${Math.floor(index / 128)}.${2 * (index % 128)}.0/24`;
  if (others === 'node1') return { name, subnet, node: 'node1', nodeAddress: addresses.node1 };
  const number = index % otherNodes;
  return { name, subnet, node: `far${number + 1}`, nodeAddress: `192.168.50.${101 + number}` };
}

/** The same for the program. */
export function fileFor(networks: Networks): string {
  return fileOf(placedNetworks(networks));
}

export function fileOf(placed: readonly Placed[]): string {
  const hosts = new Map(placed.map(({ node, nodeAddress }) => [node, nodeAddress]));
  return `version: 1
hosts:
${[...hosts].map(([name, address]) => `  ${name}: ${address}\n`).join('')}  gw1: ${addresses.gw1}
networks:
${placed.map(networkText).join('')}gateways:
  office:
    members: [{ host: gw1, uplink: { device: uplink0, via: ${addresses.upstream} } }]
    snat: masquerade
`;
}

function networkText({ name, subnet, node }: Placed): string {
  return `  ${name}:
    engine: external
    subnets: { ${node}: ${subnet} }
    via: office
`;
}
