/** File for both hosts of a lab. */
import type { Family, Subnet } from '../address/cidr.ts';
import type { LabEngine } from './engine.ts';
import { addressesOf, network, subnetOf, type Families } from './layout.ts';

export const filePath = '/etc/mustredirect/mustredirect.yaml';

export interface FileOptions {
  readonly snat?: string;
  readonly direct?: readonly string[];
  /** default: IPv4 only */
  readonly families?: Families;
  /** number of additional networks of node1 with the same gateway; default: none */
  readonly more?: number;
}

export function exampleFile(
  engine: LabEngine,
  { snat = 'masquerade', direct = [], families = [4], more = 0 }: FileOptions = {},
): string {
  const each = (read: (addresses: ReturnType<typeof addressesOf>) => string): string =>
    oneOrMany(families.map((family) => read(addressesOf(family))));
  return `version: 1

hosts:
  node1: ${each(({ node1 }) => node1)}
  gw1: ${each(({ gw1 }) => gw1)}

networks:
  ${network.name}:
    engine: ${engineOf(engine)}
    subnets:
      node1: ${oneOrMany(families.map(subnetOf))}
    via: office
${direct.length > 0 ? `    direct: [${direct.join(', ')}]\n` : ''}${anotherNetworks(more, families)}
gateways:
  office:
    members:
      - host: gw1
        uplink: { device: uplink0, via: ${each(({ upstream }) => upstream)} }
    snat: ${snat}
`;
}

/** Subnet of an additional network; the subnets have gaps between them, so that they cannot be merged. */
export function anotherSubnet(index: number, family: Family): Subnet {
  return family === 4 ? `10.90.${2 * index}.0/24` : `2001:db8:90:${(2 * index).toString(16)}::/64`;
}

function anotherNetworks(count: number, families: Families): string {
  return Array.from({ length: count }, (_, index) => {
    const subnets = oneOrMany(families.map((family) => anotherSubnet(index, family)));
    return `  another${index}:
    engine: external
    subnets:
      node1: ${subnets}
    via: office
`;
  }).join('');
}

function oneOrMany(values: readonly string[]): string {
  return values.length === 1 ? values.join() : `[${values.join(', ')}]`;
}

/** Engine name in the file: podman's network backends are one engine. */
function engineOf(engine: LabEngine): string {
  return engine.replace(/-.*$/, '');
}
