import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import type { LedgerNetwork } from '../../state/ledger.ts';
import { actualState } from '../../state/actual.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { networkStates } from './obstacles.ts';
import { releaseNetwork, desiredNetwork } from './networks.ts';

const network = {
  name: 'web',
  engine: 'podman' as const,
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2'],
};
const file = '/etc/cni/net.d/web.conflist';
const running = { name: 'c1', running: true };
const stopped = { name: 'old', running: false };

function desired(different: Partial<NetworkFacts>, of: Partial<NodeNetwork> = {}) {
  const facts = givenFacts({ networks: [givenNetwork(different)] });
  const [state] = networkStates([{ ...network, ...of }], facts, false);
  const result = state ? desiredNetwork(state, facts) : { wanted: [], waiting: [] };
  return { ...result, notReady: state?.obstacles };
}

const masquerade = (enabled: boolean): unknown =>
  expect.objectContaining({
    object: { kind: 'engine-masquerade', engine: 'podman', network: 'web', file, setting: 'ipMasq', enabled },
  });

describe('a network of the file', () => {
  it('is created with masquerade off', () => {
    const { wanted, waiting, notReady } = desired({ exists: false, subnets: [] });
    expect(wanted).toEqual([
      {
        object: { kind: 'engine-network', engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'] },
        why: 'create it by podman 4.3.1 with cni, as the file says',
      },
      masquerade(false),
    ]);
    expect([waiting, notReady]).toEqual([[], []]);
  });

  it('keeps its masquerade while a container is attached, running or not', () => {
    const { wanted, waiting } = desired({ ours: true, attached: [running, stopped] });
    expect(wanted).toContainEqual(masquerade(true));
    expect(waiting).toEqual([
      `${file}: ipMasq: false, until nothing is attached to web (now: c1, old (stopped)); the source address is kept all the same`,
    ]);
  });

  it('keeps masquerade off when containers are attached later', () => {
    const { wanted, waiting } = desired({
      attached: [running],
      masquerade: { file, setting: 'ipMasq', enabled: false },
    });
    expect(wanted).toContainEqual(masquerade(false));
    expect(waiting).toEqual([]);
  });

  it('is not created while its gateway has no link: its options would be wrong', () => {
    expect(desired({ exists: false, subnets: [] }, { nextHops: ['10.1.1.1'] }).wanted).toEqual([]);
    expect(desired({ exists: false, subnets: [] }, { nextHops: [], blocked: [4] }).wanted).toHaveLength(2);
  });

  it('is not changed if its subnet differs, and both subnets are reported', () => {
    const { wanted, notReady } = desired({ subnets: ['10.89.7.0/24'] });
    expect(wanted).toEqual([
      {
        object: { kind: 'engine-network', engine: 'podman', name: 'web', subnets: ['10.89.7.0/24'] },
        why: 'exists already',
      },
    ]);
    expect(notReady).toEqual([
      {
        what: 'network web',
        family: 4,
        message: 'network web: podman 4.3.1 with cni gave it 10.89.7.0/24, the file says 10.89.4.0/24',
        hint: expect.stringContaining('podman network rm web') as unknown,
      },
    ]);
  });

  it('may have a family that the file does not mention', () => {
    const subnets = ['10.89.4.0/24', '2001:db8::/64'];
    const { wanted, notReady } = desired({ subnets });
    expect(notReady).toEqual([]);
    expect(wanted[0]?.object).toMatchObject({ subnets });
  });

  it('is not ready in a family that only the file mentions', () => {
    const { wanted, notReady } = desired({}, { subnets: ['10.89.4.0/24', '2001:db8::/64'] });
    expect(notReady).toMatchObject([
      {
        family: 6,
        message: 'network web: podman 4.3.1 with cni gave it no IPv6 subnet, the file says 2001:db8::/64',
      },
    ]);
    // The other family is ready.
    expect(wanted).toContainEqual(masquerade(false));
  });

  it('may list its subnets in another order', () => {
    const subnets = ['10.89.4.0/24', '10.89.6.0/24'];
    expect(desired({ subnets }, { subnets: subnets.toReversed() }).notReady).toEqual([]);
  });

  it('is not changed if it is external', () => {
    const unchanged = { wanted: [], waiting: [], notReady: [] };
    expect(desired({ engine: 'external' }, { engine: 'external' })).toEqual(unchanged);
  });
});

describe('a network that the file no longer has', () => {
  const edited = { file, original: 'a', ours: 'b' };
  const release = (kept: Partial<LedgerNetwork>, found: Partial<NetworkFacts>) =>
    releaseNetwork(
      { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: false, ...kept },
      givenFacts({
        networks: [givenNetwork({ masquerade: { file, setting: 'ipMasq', enabled: false }, ...found })],
      }),
    );

  it('is removed if we created it and no container uses it', () => {
    expect(release({ created: true, edited }, { ours: true }).wanted).toEqual([]);
  });

  it('stays, and is reported, if containers use it', () => {
    const { wanted, waiting } = release(
      { created: true, edited },
      { ours: true, attached: [running, stopped] },
    );
    expect(wanted).toContainEqual(expect.objectContaining({ why: 'containers use it' }));
    expect(wanted).toContainEqual(masquerade(true));
    expect(waiting[0]).toBe('network web, which we created, stays: used by c1, old (stopped)');
    expect(waiting[1]).toBe('c1: no masquerade until `podman network reload`, or the next start');
  });

  it('gets its masquerade back if we only edited it', () => {
    expect(release({ edited }, {}).wanted).toEqual([masquerade(true)]);
  });

  it('is forgotten if it does not exist', () => {
    expect(release({ created: true, edited }, { exists: false })).toEqual({
      wanted: [],
      waiting: [],
    });
  });
});

describe('a network that we edited and the user recreated', () => {
  it.each([
    ['is not changed', 'podman77', []],
    ['is still the same with the same bridge', 'cni-podman1', [masquerade(true)]],
  ] as const)('%s', (_, bridge, wanted) => {
    const edited = { file, original: 'a', ours: 'b' };
    const kept = {
      engine: 'podman',
      name: 'web',
      subnets: ['10.89.4.0/24'],
      created: false,
      edited,
    } as const;
    const facts = givenFacts({
      networks: [givenNetwork({ bridge, masquerade: { file, setting: 'ipMasq', enabled: false } })],
      ledger: { gateways: {}, sysctls: {}, bridges: { web: 'cni-podman1' }, networks: [kept] },
    });
    expect(releaseNetwork(kept, facts).wanted).toEqual(wanted);
  });
});

describe('a network that we created and the user recreated', () => {
  it('is not changed', () => {
    const edited = { file, original: 'a', ours: 'b' };
    const kept = { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: true, edited } as const;
    const facts = givenFacts({
      // Its owner has disabled masquerade.
      networks: [givenNetwork({ masquerade: { file, setting: 'ipMasq', enabled: false } })],
      ledger: { gateways: {}, sysctls: {}, networks: [kept] },
    });
    const { wanted, waiting } = releaseNetwork(kept, facts);
    expect([...wanted, ...waiting]).toEqual([]);
    expect(actualState(facts, [])).toEqual([]);
  });
});
