/** Flows that a change of the file ends, by remembered and desired NAT decisions. */
import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../tests/given/role.ts';
import { type Desired, desiredState } from '../desired/desired.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import type { HostRole, MemberGateway, NodeNetwork, ServedSubnet } from '../topology/role.ts';
import { changedFlows } from './flow-steps.ts';
import { type NatMemory, natMemory } from './nat-memory.ts';

const web = givenNodeNetwork();
const served = (subnet: string): ServedSubnet => ({
  network: 'web',
  node: 'node1',
  subnet,
  nodeAddress: '192.168.50.10',
});
const office: MemberGateway = {
  name: 'office',
  uplink: { device: 'eth0', via: ['192.168.50.1'] },
  snat: 'masquerade',
  served: [served('10.89.4.0/24')],
};

function desired(role: Partial<HostRole>): Desired {
  const facts = givenFacts({
    links: [{ name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.3/24'] }],
  });
  return desiredState({ host: 'here', addresses: [], networks: [], gateways: [], ...role }, {}, facts);
}

function objectsOf({ wanted }: Desired): HostObject[] {
  return wanted.map(({ object }) => object);
}

interface Case {
  readonly before: Partial<HostRole>;
  readonly after: Partial<HostRole>;
  readonly atUnion?: readonly Flows[];
  readonly atPrune?: readonly Flows[];
}

const whole = { from: '10.89.4.0/24' };
const udpDirect: NonNullable<NodeNetwork['routes']> = {
  selectors: { 4: [{ proto: 'udp', via: 'direct', rank: 0 }], 6: [] },
  nextHops: {},
};
const port = { port: 8080, proto: 'tcp', to: '10.89.4.5', toPort: 80 } as const;

describe('flows whose NAT decision changes', () => {
  it.each<[string, Case]>([
    ['none, when nothing changes', { before: { networks: [web] }, after: { networks: [web] } }],
    [
      'none, when only the next hop of the network changes',
      { before: { networks: [web] }, after: { networks: [{ ...web, nextHops: ['192.168.50.7'] }] } },
    ],
    [
      'those of a gateway whose source address changes',
      {
        before: { gateways: [office] },
        after: { gateways: [{ ...office, snat: ['198.51.100.6'] }] },
        atUnion: [whole],
        atPrune: [whole],
      },
    ],
    [
      'only those of the subnet that a gateway no longer serves, not of its neighbour',
      {
        before: { gateways: [{ ...office, served: [served('10.89.4.0/24'), served('10.89.5.0/24')] }] },
        after: { gateways: [office] },
        atPrune: [{ from: '10.89.5.0/24' }],
      },
    ],
    [
      'those of a subnet that grows on its gateway: packets to its new half stay inside',
      {
        before: { gateways: [office] },
        after: { gateways: [{ ...office, served: [served('10.89.4.0/23')] }] },
        atUnion: [{ from: '10.89.4.0/23' }],
        atPrune: [whole],
      },
    ],
    [
      'inbound flows of a published port whose target changes',
      {
        before: { gateways: [{ ...office, publish: [port] }] },
        after: { gateways: [{ ...office, publish: [{ ...port, to: '10.89.4.6' }] }] },
        atPrune: [{ from: '10.89.4.5/32', inbound: true }],
      },
    ],
    [
      'those of a network with a new direct route',
      {
        before: { networks: [web] },
        after: {
          networks: [{ ...web, routes: udpDirect }],
        },
        atUnion: [whole],
      },
    ],
    [
      'only those of a new subnet in a network with a direct route',
      {
        before: { networks: [{ ...web, routes: udpDirect }] },
        after: { networks: [{ ...web, subnets: ['10.89.4.0/24', '10.89.5.0/24'], routes: udpDirect }] },
        atUnion: [{ from: '10.89.5.0/24' }, { from: '10.89.4.0/24', to: '10.89.5.0/24' }],
      },
    ],
  ])('%s', (_, { before, after, atUnion = [], atPrune = [] }) => {
    const [old, next] = [desired(before), desired(after)];
    expect(changedFlows(objectsOf(old), next.nat, natMemory(old))).toEqual({ atUnion, atPrune });
  });

  const now = desired({ networks: [web] });
  const all = objectsOf(now);

  it.each<[string, HostObject[], NatMemory]>([
    ['the table is gone', all.filter(({ kind }) => !kind.startsWith('nft-')), natMemory(now)],
    [
      'a foreign program removed a rule',
      all.map((o) => (o.kind === 'nft-chain' && o.name === 'postrouting' ? { ...o, rules: [] } : o)),
      natMemory(now),
    ],
    [
      'a foreign program removed an element',
      all.map((o) => (o.kind === 'nft-set' && o.name === 'local4' ? { ...o, elements: [] } : o)),
      natMemory(now),
    ],
    ['a run was interrupted while it changed the table', all, { nat: { decisions: now.nat } }],
    ['the ledger is lost', all, {}],
  ])('are all redirected flows when %s', (_, actual, memory) => {
    expect(changedFlows(actual, now.nat, memory).atUnion).toContainEqual(whole);
  });

  it('are all flows in rules and policies when the ledger is lost and all objects are removed', () => {
    const nothing = desired({});
    expect(changedFlows(all, nothing.nat, {}).atPrune).toEqual([whole]);
  });

  it('are all inbound flows of a gateway when the ledger is lost', () => {
    const published = desired({ gateways: [{ ...office, publish: [port] }] });
    const next = desired({ gateways: [office] });
    expect(changedFlows(objectsOf(published), next.nat, {}).atPrune).toEqual([{ ...whole, inbound: true }]);
    expect(changedFlows([], next.nat, {}).atPrune).toEqual([]);
  });

  it('are those of any published port when the ledger is lost and everything is taken away', () => {
    const actual: HostObject[] = objectsOf(desired({ gateways: [office] }));
    const { nat } = desired({});
    const { atPrune } = changedFlows(actual, nat, {});
    expect(atPrune).toContainEqual({ from: '10.89.4.0/24', inbound: true });
  });
});
