import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains } from '../../address/cidr.ts';
import { givenFlow } from '../../../tests/given/netlink.ts';
import { ownerFinder } from './owners.ts';

const flowLog = { size: 1, age: 1 };
const served = (network: string, subnet: string) => ({
  network,
  node: 'node1',
  subnet,
  nodeAddress: '192.0.2.1',
});
const office = {
  name: 'office',
  flowLog,
  served: [served('web', '10.89.4.0/24'), served('web', '2001:db8:4::/64')],
};
const mail = {
  name: 'mail',
  flowLog,
  served: [served('web', '10.89.4.0/24'), served('smtp', '10.89.7.0/28')],
};
const quiet = { name: 'quiet', served: [served('iot', '10.89.5.0/24')] };

const from = (source: string, replySource = '203.0.113.10') =>
  givenFlow({
    original: { source, destination: '203.0.113.10' },
    reply: { source: replySource, destination: '198.51.100.6' },
  });

describe('owners of a flow', () => {
  const ownersOf = ownerFinder([office, mail, quiet]);
  const web = (gateway: string) => ({ gateway, network: 'web', node: 'node1' });

  it.each([
    ['a container', from('10.89.4.7'), [web('office'), web('mail')]],
    ['of IPv6', from('2001:db8:4::7'), [web('office')]],
    [
      'behind a published port',
      from('192.0.2.99', '10.89.7.3'),
      [{ gateway: 'mail', network: 'smtp', node: 'node1' }],
    ],
    ['of a gateway without a log', from('10.89.5.7'), []],
    ['of the host itself', from('198.51.100.6'), []],
    ['before the first subnet', from('1.1.1.1'), []],
    ['just after a subnet', from('10.89.7.16'), []],
  ])('%s', (_, flow, owners) => {
    expect(ownersOf(flow)).toEqual(owners);
    expect(ownersOf(flow)).toEqual(owners);
  });

  it('are those of the subnet that contains the address', () => {
    const subnet = (index: number): string => `10.${index}.16.0/20`;
    const many = {
      name: 'many',
      flowLog,
      served: Array.from({ length: 200 }, (_, index) => served(`net${index}`, subnet(index))).reverse(),
    };
    const find = ownerFinder([many]);
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, (b, c, d) => {
        const address = `10.${b}.${c}.${d}`;
        const expected = many.served.filter((one) => contains(one.subnet, address));
        expect(find(from(address)).map(({ network }) => network)).toEqual(
          expected.map(({ network }) => network),
        );
      }),
    );
  });
});
