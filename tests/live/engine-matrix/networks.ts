/** Networks of the matrix: one for each family, and one with both. */
import { type Family, type Subnet, familyOf } from '../../../src/address/cidr.ts';
import { filePath } from '../../../src/lab/example-file.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import type { MatrixEngine } from './engines.ts';

export interface MatrixNetwork {
  readonly name: string;
  /** label on the page */
  readonly label: string;
  readonly subnets: readonly Subnet[];
}

const four = { name: 'four', label: 'IPv4', subnets: ['10.89.4.0/24'] } as const;
const six = { name: 'six', label: 'IPv6', subnets: ['2001:db8:89:6::/64'] } as const;
const both = { name: 'both', label: 'both', subnets: ['10.89.5.0/24', '2001:db8:89:5::/64'] } as const;

/** With docker 20.10, every network has IPv4. */
export function networksOf({ program }: MatrixEngine): readonly MatrixNetwork[] {
  return program === 'docker' ? [four, both] : [four, six, both];
}

export function familiesOf({ subnets }: MatrixNetwork): readonly Family[] {
  return subnets.map(familyOf);
}

/** `IPv4`, or `both: IPv4` */
export function labelOf({ label, subnets }: MatrixNetwork, family: Family): string {
  return subnets.length === 1 ? label : `${label}: IPv${family}`;
}

/** Creates the networks, and writes the file that redirects them to node and gateway. */
export async function prepareNetworks(world: World, engine: MatrixEngine): Promise<void> {
  const networks = networksOf(engine);
  const { node1, gw1 } = world.hosts;
  const text = fileText(world.engine.engine.replace(/-.*/, ''), networks);
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
  for (const { name, subnets } of networks) await world.containers.createNetwork(name, ...subnets);
}

function fileText(engine: string, networks: readonly MatrixNetwork[]): string {
  const pair = (name: 'node1' | 'gw1' | 'upstream'): string =>
    `[${[addressesOf(4)[name], addressesOf(6)[name]].join(', ')}]`;
  const network = ({ name, subnets }: MatrixNetwork): string =>
    `  ${name}: { engine: ${engine}, subnets: { node1: [${subnets.join(', ')}] }, via: office }`;
  return `version: 1
hosts:
  node1: ${pair('node1')}
  gw1: ${pair('gw1')}
networks:
${networks.map(network).join('\n')}
gateways:
  office:
    members: [{ host: gw1, uplink: { device: uplink0, via: ${pair('upstream')} } }]
    snat: masquerade
`;
}
