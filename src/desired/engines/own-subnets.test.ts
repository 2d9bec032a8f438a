import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import type { Facts, Link } from '../../state/facts.ts';
import { emptyLedger } from '../../state/ledger.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { networkStates } from './obstacles.ts';
import { differingSubnets } from './own-subnets.ts';

const web: NodeNetwork = {
  name: 'web',
  engine: 'external',
  subnets: ['10.89.4.0/24', 'fd00:4::/64'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2'],
};

const bridge = (addresses: readonly string[], more: Partial<Link> = {}): Link => ({
  name: 'br1',
  index: 5,
  ethernet: true,
  type: 'bridge',
  addresses,
  ...more,
});

/** The bridge of web when apply last ran. */
const kept = { ...emptyLedger, bridges: { web: 'br1' } };

function subnetsOn(link: Link, facts: Partial<Facts> = {}, of: Partial<NodeNetwork> = {}): string[] {
  const found = differingSubnets({ ...web, ...of }, givenFacts({ links: [link], ledger: kept, ...facts }));
  return found.flatMap(({ subnets }) => subnets);
}

describe('subnets on the bridge of a network', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['match the file', ['10.89.4.1/24', 'fd00:4::1/64', 'fe80::1/64'], []],
    ['are unknown without an address', ['fe80::1/64'], []],
    ['may include another subnet', ['10.89.4.1/24', '10.89.9.1/24'], []],
    ['differ with another subnet alone', ['10.99.0.1/24'], ['10.99.0.0/24']],
    ['differ with a wider subnet', ['10.89.4.1/16'], ['10.89.0.0/16']],
    ['differ in one family', ['10.89.4.1/24', 'fd00:9::1/64'], ['fd00:9::/64']],
  ])('%s', (_, addresses, expected) => {
    expect(subnetsOn(bridge(addresses))).toEqual(expected);
  });

  it('are unknown if the bridge leads to other hosts', () => {
    const other = bridge(['10.99.0.1/24']);
    expect(subnetsOn(other, { defaultHops: [{ via: '10.99.0.9', device: 'br1' }] })).toEqual([]);
    expect(subnetsOn(other, {}, { nextHops: ['10.99.0.2'] })).toEqual([]);
    expect(subnetsOn(bridge(['2001:db8::5/64'], { advertised: ['2001:db8::5/64'] }))).toEqual([]);
  });

  it('are unknown if the bridge has a route to the subnet, or the family is blocked', () => {
    const foreignRoutes = [{ destination: '10.89.4.0/24', device: 'br1' }];
    expect(subnetsOn(bridge(['10.99.0.1/24']), { foreignRoutes })).toEqual([]);
    expect(subnetsOn(bridge(['10.99.0.1/24']), {}, { blocked: [4] })).toEqual([]);
  });

  it('count if the engine does not answer', () => {
    const unreadEngines = { docker: { why: 'its daemon does not answer' } };
    expect(subnetsOn(bridge(['10.99.0.1/24']), { unreadEngines }, { engine: 'docker' })).toEqual([
      '10.99.0.0/24',
    ]);
  });
});

describe('the reason why a network is closed', () => {
  const reasons = (networks: readonly NodeNetwork[], facts: Partial<Facts>): string[] =>
    networkStates(networks, givenFacts(facts), false).flatMap(({ obstacles }) =>
      obstacles.map(({ message }) => message),
    );
  const docker: NodeNetwork = { ...web, engine: 'docker', subnets: ['10.89.4.0/24'] };
  const found = givenNetwork({ engine: 'docker', backend: 'docker 28.5.2' });

  it('is an engine that does not answer, with its own words', () => {
    const unreadEngines = { docker: { why: 'its daemon does not answer', hint: 'start it' } };
    expect(networkStates([docker], givenFacts({ unreadEngines }), false)[0]?.obstacles).toEqual([
      {
        what: 'network web',
        message: 'network web: docker cannot be queried: its daemon does not answer',
        hint: 'start it',
      },
    ]);
  });

  it('is absent while everything is closed', () => {
    const unreadEngines = { docker: { why: 'not queried' } };
    expect(networkStates([docker], givenFacts({ unreadEngines }), true)[0]?.obstacles).toEqual([]);
  });

  it('is a network with an unusable driver', () => {
    const unusable = { what: 'docker has it, and it has driver macvlan', hint: '' };
    expect(reasons([docker], { networks: [{ ...found, unusable, subnets: [] }] })).toEqual([
      'network web: docker has it, and it has driver macvlan',
    ]);
  });

  it('is a subnet that another network has', () => {
    const db: NodeNetwork = { ...docker, name: 'db', subnets: ['10.89.7.0/24'] };
    const swapped = { ...found, subnets: ['10.89.7.0/24'] };
    expect(
      reasons([docker, db], { networks: [swapped, { ...found, name: 'db', exists: false, subnets: [] }] }),
    ).toEqual([
      'network web: docker 28.5.2 gave it 10.89.7.0/24, the file says 10.89.4.0/24',
      'network db: 10.89.7.0/24 is used by network web on this host',
    ]);
  });
});
