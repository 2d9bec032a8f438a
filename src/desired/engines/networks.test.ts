import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import type { LedgerNetwork } from '../../state/ledger.ts';
import { actualState } from '../../state/actual.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { networkStates } from './obstacles.ts';
import { releaseNetwork, wantNetwork } from './networks.ts';

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

function want(different: Partial<NetworkFacts>, of: Partial<NodeNetwork> = {}) {
  const facts = givenFacts({ networks: [givenNetwork(different)] });
  const [state] = networkStates([{ ...network, ...of }], facts, false);
  const wishes = state ? wantNetwork(state, facts) : { wanted: [], waiting: [] };
  return { ...wishes, notReady: state?.obstacles };
}

const masquerade = (enabled: boolean): unknown =>
  expect.objectContaining({
    object: { kind: 'engine-masquerade', engine: 'podman', network: 'web', file, setting: 'ipMasq', enabled },
  });

describe('a network of the file', () => {
  it('is made, and its masquerade is off', () => {
    const { wanted, waiting, notReady } = want({ exists: false, subnets: [] });
    expect(wanted).toEqual([
      {
        object: { kind: 'engine-network', engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'] },
        why: 'create it by podman 4.3.1 with cni, as the file says',
      },
      masquerade(false),
    ]);
    expect([waiting, notReady]).toEqual([[], []]);
  });

  it('keeps its masquerade while anything is attached, running or not', () => {
    const { wanted, waiting } = want({ ours: true, attached: [running, stopped] });
    expect(wanted).toContainEqual(masquerade(true));
    expect(waiting).toEqual([
      `${file}: ipMasq: false, until nothing is attached to web (now: c1, old (stopped)); the source address is kept all the same`,
    ]);
  });

  it('stays switched off when containers come later', () => {
    const { wanted, waiting } = want({
      attached: [running],
      masquerade: { file, setting: 'ipMasq', enabled: false },
    });
    expect(wanted).toContainEqual(masquerade(false));
    expect(waiting).toEqual([]);
  });

  it('is not made while no way leads to its gateway: what it is made with would be wrong', () => {
    expect(want({ exists: false, subnets: [] }, { nextHops: ['10.1.1.1'] }).wanted).toEqual([]);
    expect(want({ exists: false, subnets: [] }, { nextHops: [], blocked: [4] }).wanted).toHaveLength(2);
  });

  it('is left as it is with another subnet, and both are named', () => {
    const { wanted, notReady } = want({ subnets: ['10.89.7.0/24'] });
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
    const { wanted, notReady } = want({ subnets });
    expect(notReady).toEqual([]);
    expect(wanted[0]?.object).toMatchObject({ subnets });
  });

  it('is not ready in a family that the file mentions and it does not have', () => {
    const { wanted, notReady } = want({}, { subnets: ['10.89.4.0/24', '2001:db8::/64'] });
    expect(notReady).toMatchObject([
      {
        family: 6,
        message: 'network web: podman 4.3.1 with cni gave it no IPv6 subnet, the file says 2001:db8::/64',
      },
    ]);
    // The other one is.
    expect(wanted).toContainEqual(masquerade(false));
  });

  it('may have its subnets in another order', () => {
    const subnets = ['10.89.4.0/24', '10.89.6.0/24'];
    expect(want({ subnets }, { subnets: subnets.toReversed() }).notReady).toEqual([]);
  });

  it('of somebody else is left alone', () => {
    const wishes = { wanted: [], waiting: [], notReady: [] };
    expect(want({ engine: 'external' }, { engine: 'external' })).toEqual(wishes);
  });
});

describe('a network that the file does not have any more', () => {
  const edited = { file, original: 'a', ours: 'b' };
  const release = (kept: Partial<LedgerNetwork>, found: Partial<NetworkFacts>) =>
    releaseNetwork(
      { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: false, ...kept },
      givenFacts({
        networks: [givenNetwork({ masquerade: { file, setting: 'ipMasq', enabled: false }, ...found })],
      }),
    );

  it('goes when we made it and nobody uses it', () => {
    expect(release({ created: true, edited }, { ours: true }).wanted).toEqual([]);
  });

  it('stays when containers use it, and is named', () => {
    const { wanted, waiting } = release(
      { created: true, edited },
      { ours: true, attached: [running, stopped] },
    );
    expect(wanted).toContainEqual(expect.objectContaining({ why: 'containers use it' }));
    expect(wanted).toContainEqual(masquerade(true));
    expect(waiting[0]).toBe('network web, which we created, stays: used by c1, old (stopped)');
    expect(waiting[1]).toBe('c1: no masquerade until `podman network reload`, or the next start');
  });

  it('that we only edited gets its masquerade back', () => {
    expect(release({ edited }, {}).wanted).toEqual([masquerade(true)]);
  });

  it('that is gone is forgotten', () => {
    expect(release({ created: true, edited }, { exists: false })).toEqual({
      wanted: [],
      waiting: [],
    });
  });
});

describe('a network that we only edited and somebody replaced', () => {
  it.each([
    ['is left alone', 'podman77', []],
    ['is the same by its bridge', 'cni-podman1', [masquerade(true)]],
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

describe('a network that we made and somebody replaced', () => {
  it('is left alone', () => {
    const edited = { file, original: 'a', ours: 'b' };
    const kept = { engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], created: true, edited } as const;
    const facts = givenFacts({
      // Its owner has switched masquerade off himself.
      networks: [givenNetwork({ masquerade: { file, setting: 'ipMasq', enabled: false } })],
      ledger: { gateways: {}, sysctls: {}, networks: [kept] },
    });
    const { wanted, waiting } = releaseNetwork(kept, facts);
    expect([...wanted, ...waiting]).toEqual([]);
    expect(actualState(facts, [])).toEqual([]);
  });
});
