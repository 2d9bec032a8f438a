/** File of the hostile container's world. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { anotherSubnet } from '../../../src/lab/example-file.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import { more, type NetworkName, sceneOf } from './scene.ts';

const families = [4, 6] as const;

/** Number of subnets above the limit for rules by source. */
const crowd = 16;

export type Steering = 'rules' | 'marks';

export function hostileFile(steering: Steering): string {
  const others = Array.from({ length: steering === 'marks' ? crowd : 0 }, (_, index) =>
    networkText(
      `another${index}`,
      both((family) => anotherSubnet(index, family)),
      'office',
    ),
  );
  return `version: 1
hosts:
  node1: ${both((family) => addressesOf(family).node1)}
  gw1: ${both((family) => addressesOf(family).gw1)}
  gw2: ${both((family) => more[family].gw2)}
networks:
${networkText('web', subnets('web'), 'office', direct('direct'))}
${networkText('near', subnets('near'), 'office')}
${networkText('post', subnets('post'), 'mail', direct('directOfPost'))}
${others.join('\n')}
gateways:
  office:
    members: [{ host: gw1, uplink: { device: uplink0, via: ${both((family) => addressesOf(family).upstream)} } }]
    snat: masquerade
  mail:
    members: [{ host: gw2, uplink: { device: uplink0, via: ${both((family) => more[family].upstream2)} } }]
    snat: masquerade
`;
}

function networkText(name: string, subnet: string, gateway: string, directText = '[]'): string {
  return `  ${name}:
    engine: external
    subnets: { node1: ${subnet} }
    via: ${gateway}
    direct: ${directText}`;
}

function both(read: (family: Family) => Address): string {
  return `[${families.map(read).join(', ')}]`;
}

function subnets(name: NetworkName): string {
  return both((family) => sceneOf(family).subnets[name]);
}

function direct(name: 'direct' | 'directOfPost'): string {
  return both((family) => `${more[family][name]}/${more[family].lengths.host}`);
}
