import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import type { Facts } from '../state/facts.ts';
import { emptyLedger } from '../state/ledger.ts';
import type { HostRole } from '../topology/role.ts';
import { type Desired, desiredAgain, desiredState } from './desired.ts';

const role: HostRole = {
  host: 'here',
  addresses: [],
  gateways: [],
  networks: [
    {
      name: 'web',
      engine: 'external',
      subnets: ['10.89.4.0/24'],
      direct: [],
      blocked: [],
      gateway: 'office',
      nextHops: ['192.168.50.2'],
    },
  ],
};

const worked = (facts: Facts): Desired => desiredState(role, {}, facts);

describe('what is wanted is not worked out anew', () => {
  const before = givenFacts({ ledger: { ...emptyLedger, forget: [{ from: '10.89.9.0/24' }] } });
  const known = { facts: before, desired: worked(before) };

  it.each<[string, Facts]>([
    ['what is ours is there now', { ...before, owned: known.desired.wanted.map(({ object }) => object) }],
    [
      'other flows are left to forget',
      { ...before, ledger: { ...emptyLedger, forget: [{ from: '10.89.4.0/24' }] } },
    ],
    ['no flows are left to forget', { ...before, ledger: emptyLedger }],
  ])('when %s, and is the same', (_, facts) => {
    expect(desiredAgain(known, facts)).toEqual(worked(facts));
  });

  it.each<[string, Facts]>([
    ['a link is gone', { ...before, links: before.links.slice(1) }],
    ['somebody has taken a table', { ...before, usedTables: [...before.usedTables, 2184] }],
    [
      'a setting has another value',
      { ...before, sysctls: { ...before.sysctls, 'net.ipv4.ip_forward': '2' } },
    ],
    ['the ledger keeps another number', { ...before, ledger: { ...before.ledger, bypassBit: 4096 } }],
    ['there is something to know more', { ...before, silentEngines: { docker: { why: 'not asked' } } }],
  ])('but is when %s', (_, facts) => {
    expect(desiredAgain(known, facts)).toBeUndefined();
  });
});
