import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import type { Desired } from '../desired/desired.ts';
import type { Plan } from '../plan/step.ts';
import { noDecisions } from '../kinds/flows/nat-decisions.ts';
import { emptyLedger } from '../state/ledger.ts';
import type { Sysctl } from '../kinds/sysctl/schema.ts';
import { createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { readLedger, writeLedger } from '../host/files/ledger-store.ts';
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
    discovered: [],
    leavesDirectly: {},
    nat: noDecisions,
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

describe('sysctls to restore', () => {
  it.each([
    ['net.ipv4.ip_forward', emptyLedger.sysctls, four],
    ['net.ipv6.conf.all.forwarding', emptyLedger.sysctls, six],
    ['net.ipv6.conf.all.forwarding', four, { ...four, ...six }],
    ['net.ipv4.ip_forward', { 'net.ipv4.ip_forward': '0' }, { 'net.ipv4.ip_forward': '0' }],
  ])('are all those of the family of %s, with values before the first change: %j', (name, kept, after) => {
    const ledger = { ...emptyLedger, sysctls: kept };
    expect(ledgerBefore(ledger, desired(), setting({ [name]: '1' }), facts).sysctls).toEqual(after);
  });

  it.each([
    ['the desired state has none of them', [], { ...four, ...six }],
    ['they are changed', [set('net.ipv4.ip_forward', '1')], { ...four, ...six }],
    ['IPv6 was restored', [set('net.ipv6.conf.all.forwarding', '0')], four],
    ['IPv4 was restored', [set('net.ipv4.ip_forward', '0'), set('net.ipv6.conf.all.forwarding', '1')], six],
    ['all were restored', [set('net.ipv4.ip_forward', '0'), set('net.ipv6.conf.all.forwarding', '0')], {}],
  ])('are removed by family: %s', (_, sysctls, after) => {
    const ledger = { ...emptyLedger, sysctls: { ...four, ...six } };
    expect(ledgerAfter(ledger, desired(...sysctls), facts).sysctls).toEqual(after);
  });

  const [here, gone] = ['net/ipv4/conf/eth0/src_valid_mark', 'net/ipv4/conf/gre1/src_valid_mark'];

  it('are those of a link when it is first changed', () => {
    const found = givenFacts({ sysctls: { [here]: '0' } });
    const switched = ledgerBefore(emptyLedger, desired(), setting({ [here]: '1' }), found);
    expect(switched.sysctls).toEqual({ [here]: '0' });
    expect(ledgerBefore(switched, desired(), setting({ [here]: '0' }), found).sysctls).toEqual({
      [here]: '0',
    });
  });

  it.each([
    ['it is changed', [set(here, '1')], { [here]: '0' }],
    ['the desired state does not have it', [], { [here]: '0' }],
    ['it was restored', [set(here, '0')], {}],
  ])('are removed by link, or when the link is gone: %s', (_, sysctls, after) => {
    const ledger = { ...emptyLedger, sysctls: { [here]: '0', [gone]: '0' } };
    const found = givenFacts({ sysctls: { [here]: '1' } });
    expect(ledgerAfter(ledger, desired(...sysctls), found).sysctls).toEqual(after);
  });
});

describe('a network that we created', () => {
  const edited = { file: '/etc/cni/net.d/web.conflist', original: 'a', ours: 'b' };
  const kept = { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: true, edited } as const;

  it.each([
    ['is ours while it has our label', { ours: true }, kept],
    ['is foreign when it was replaced', {}, { ...kept, created: false, edited: undefined }],
    ['is kept while it does not exist', { exists: false }, kept],
  ])('%s', (_, found, expected) => {
    const ledger = { ...emptyLedger, networks: [kept] };
    const now = givenFacts({ networks: [givenNetwork(found)] });
    expect(ledgerBefore(ledger, desired(), setting({}), now).networks).toEqual([expected]);
  });
});

it('forgets a network whose masquerade was switched off when a network of another engine has its name', () => {
  const edited = { file: '/etc/cni/net.d/web.conflist', original: 'a', ours: 'b' };
  const kept = { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: false, edited } as const;
  const masquerade = (engine: 'podman' | 'cni') => ({
    ...desired(),
    wanted: [
      {
        object: {
          kind: 'engine-masquerade',
          engine,
          network: 'web',
          file: edited.file,
          setting: 'ipMasq',
          enabled: false,
        } as const,
        why: '',
      },
    ],
  });
  const ledger = { ...emptyLedger, networks: [kept] };
  expect(ledgerAfter(ledger, masquerade('podman'), facts).networks).toEqual([kept]);
  expect(ledgerAfter(ledger, masquerade('cni'), facts).networks).toEqual([]);
});

it('a ledger that is read and written again has the same bytes, so that a rollback restores it exactly', async () => {
  const { files } = createFakeHost({ links: [] });
  const chain = { kind: 'nft-chain', name: 'postrouting', rules: ['drop'] } as const;
  const after = ledgerAfter(
    {
      ...emptyLedger,
      networks: [{ engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: true }],
    },
    {
      ...desired(),
      numbers: {
        gateways: { office: { table: 2184, mark: 1 } },
        bypassBit: 4096,
        checkedBit: 128,
        ownerBit: 64,
      },
      bridges: { web: 'br1' },
      wanted: [
        { object: chain, why: '' },
        {
          object: { kind: 'engine-network', engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'] },
          why: '',
        },
      ],
    },
    facts,
  );
  await writeLedger(files, '/state/host.json', after);
  const written = await files.read('/state/host.json');
  await writeLedger(files, '/state/host.json', await readLedger(files, '/state/host.json'));
  expect(await files.read('/state/host.json')).toBe(written);
  expect(Object.keys(after)).toEqual(expect.arrayContaining(['bridges', 'nat', 'networks']));
});
