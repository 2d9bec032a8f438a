import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../tests/given/role.ts';
import type { Facts } from '../state/facts.ts';
import { noDecisions } from '../kinds/flows/nat-decisions.ts';
import { emptyLedger } from '../state/ledger.ts';
import type { HostRole } from '../topology/role.ts';
import { type Desired, reuseDesired, desiredState } from './desired.ts';

const role: HostRole = {
  host: 'here',
  addresses: [],
  gateways: [],
  networks: [givenNodeNetwork()],
};

const compute = (facts: Facts): Desired => desiredState(role, {}, facts);

describe('the desired state', () => {
  const before = givenFacts({ ledger: { ...emptyLedger, forget: [{ from: '10.89.9.0/24' }] } });
  const known = { facts: before, desired: compute(before) };

  it.each<[string, Facts]>([
    ['our objects exist now', { ...before, owned: known.desired.wanted.map(({ object }) => object) }],
    [
      'other connections are left to forget',
      { ...before, ledger: { ...emptyLedger, forget: [{ from: '10.89.4.0/24' }] } },
    ],
    ['no connections are left to forget', { ...before, ledger: emptyLedger }],
    [
      'a run has changed the NAT decisions',
      { ...before, ledger: { ...emptyLedger, nat: { decisions: noDecisions } } },
    ],
  ])('is reused, and correct, if %s', (_, facts) => {
    expect(reuseDesired(known, facts)).toEqual(compute(facts));
  });

  it.each<[string, Facts]>([
    ['a link is gone', { ...before, links: before.links.slice(1) }],
    ['another program uses a table', { ...before, usedTables: [...before.usedTables, 2184] }],
    [
      'a setting has another value',
      { ...before, sysctls: { ...before.sysctls, 'net.ipv4.ip_forward': '2' } },
    ],
    ['the ledger keeps another number', { ...before, ledger: { ...before.ledger, bypassBit: 4096 } }],
    ['there is an additional fact', { ...before, unreadEngines: { docker: { why: 'not asked' } } }],
  ])('is computed again if %s', (_, facts) => {
    expect(reuseDesired(known, facts)).toBeUndefined();
  });
});
