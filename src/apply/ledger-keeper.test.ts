import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import type { Desired } from '../desired/desired.ts';
import type { Plan } from '../plan/step.ts';
import { emptyLedger } from '../state/ledger.ts';
import type { Sysctl } from '../kinds/sysctl/schema.ts';
import { ledgerAfter, ledgerBefore } from './ledger-keeper.ts';

const four = { 'net.ipv4.ip_forward': '0', 'net/ipv4/conf/eth0/forwarding': '1' };
const six = { 'net.ipv6.conf.all.forwarding': '0', 'net/ipv6/conf/eth0/forwarding': '1' };
const facts = givenFacts({ sysctls: { ...four, ...six } });

function desired(...sysctls: readonly Sysctl[]): Desired {
  const wanted = sysctls.map((object) => ({ object, why: '' }));
  return {
    wanted,
    numbers: { gateways: {} },
    bridges: {},
    waiting: [],
    warnings: [],
    notReady: [],
    refusals: [],
  };
}

function set(name: string, value: string): Sysctl {
  return { kind: 'sysctl', name, value };
}

function setting(values: Readonly<Record<string, string>>): Plan {
  return { steps: [{ do: { kind: 'sysctl', values }, lines: [] }], waiting: [], warnings: [], notReady: [] };
}

describe('settings that are to be given back', () => {
  it.each([
    ['net.ipv4.ip_forward', emptyLedger.sysctls, four],
    ['net.ipv6.conf.all.forwarding', emptyLedger.sysctls, six],
    ['net.ipv6.conf.all.forwarding', four, { ...four, ...six }],
    ['net.ipv4.ip_forward', { 'net.ipv4.ip_forward': '0' }, { 'net.ipv4.ip_forward': '0' }],
  ])('are those of the family of %s, as they were before the first change: %j', (name, kept, after) => {
    const ledger = { ...emptyLedger, sysctls: kept };
    expect(ledgerBefore(ledger, desired(), setting({ [name]: '1' }), facts).sysctls).toEqual(after);
  });

  it.each([
    ['nothing is said of them', [], { ...four, ...six }],
    ['they are switched', [set('net.ipv4.ip_forward', '1')], { ...four, ...six }],
    ['IPv6 was given back', [set('net.ipv6.conf.all.forwarding', '0')], four],
    ['IPv4 was given back', [set('net.ipv4.ip_forward', '0'), set('net.ipv6.conf.all.forwarding', '1')], six],
    ['all was given back', [set('net.ipv4.ip_forward', '0'), set('net.ipv6.conf.all.forwarding', '0')], {}],
  ])('are forgotten by family: %s', (_, sysctls, after) => {
    const ledger = { ...emptyLedger, sysctls: { ...four, ...six } };
    expect(ledgerAfter(ledger, desired(...sysctls), facts).sysctls).toEqual(after);
  });

  const [here, gone] = ['net/ipv4/conf/eth0/src_valid_mark', 'net/ipv4/conf/gre1/src_valid_mark'];

  it('are those of a link, when it is switched for the first time', () => {
    const found = givenFacts({ sysctls: { [here]: '0' } });
    const switched = ledgerBefore(emptyLedger, desired(), setting({ [here]: '1' }), found);
    expect(switched.sysctls).toEqual({ [here]: '0' });
    expect(ledgerBefore(switched, desired(), setting({ [here]: '0' }), found).sysctls).toEqual({
      [here]: '0',
    });
  });

  it.each([
    ['it is switched', [set(here, '1')], { [here]: '0' }],
    ['nothing is said of it', [], { [here]: '0' }],
    ['it was given back', [set(here, '0')], {}],
  ])('are forgotten by link, and with it: %s', (_, sysctls, after) => {
    const ledger = { ...emptyLedger, sysctls: { [here]: '0', [gone]: '0' } };
    const found = givenFacts({ sysctls: { [here]: '1' } });
    expect(ledgerAfter(ledger, desired(...sysctls), found).sysctls).toEqual(after);
  });
});

describe('a network that we made', () => {
  const edited = { file: '/etc/cni/net.d/web.conflist', original: 'a', ours: 'b' };
  const kept = { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: true, edited } as const;

  it.each([
    ['is ours while it has our label', { ours: true }, kept],
    [
      'is not, when somebody has made another in its place',
      {},
      { ...kept, created: false, edited: undefined },
    ],
    ['is forgotten by nobody while there is none', { exists: false }, kept],
  ])('%s', (_, found, expected) => {
    const ledger = { ...emptyLedger, networks: [kept] };
    const now = givenFacts({ networks: [givenNetwork(found)] });
    expect(ledgerBefore(ledger, desired(), setting({}), now).networks).toEqual([expected]);
  });
});
