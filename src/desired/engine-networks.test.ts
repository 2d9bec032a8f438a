import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import type { NetworkFacts } from '../state/facts.ts';
import type { LedgerNetwork } from '../state/ledger.ts';
import { actualState } from '../state/actual.ts';
import { releaseNetwork, wantNetwork } from './engine-networks.ts';

const network = {
  name: 'web',
  engine: 'podman' as const,
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: [],
};
const file = '/etc/cni/net.d/web.conflist';
const running = { name: 'c1', running: true };
const stopped = { name: 'old', running: false };

const want = (different: Partial<NetworkFacts>) =>
  wantNetwork(network, givenFacts({ networks: [givenNetwork(different)] }));

const masquerade = (enabled: boolean): unknown =>
  expect.objectContaining({
    object: { kind: 'engine-masquerade', engine: 'podman', network: 'web', file, setting: 'ipMasq', enabled },
  });

describe('a network of the file', () => {
  it('is made, and its masquerade is off', () => {
    const { wanted, waiting, refusals } = want({ exists: false, subnets: [] });
    expect(wanted).toEqual([
      {
        object: { kind: 'engine-network', engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'] },
        why: 'made by podman 4.3.1 with cni, as the file says',
      },
      masquerade(false),
    ]);
    expect([...waiting, ...refusals]).toEqual([]);
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

  it('is refused with another subnet, and both are named', () => {
    const { wanted, refusals } = want({ subnets: ['10.89.7.0/24'] });
    expect(wanted).toEqual([]);
    expect(refusals).toEqual([
      {
        message: 'network web: podman 4.3.1 with cni has it with 10.89.7.0/24, the file says 10.89.4.0/24',
        hint: expect.stringContaining('podman network rm web') as unknown,
      },
    ]);
  });

  it('may have a family that the file does not mention', () => {
    const subnets = ['10.89.4.0/24', '2001:db8::/64'];
    const { wanted, refusals } = want({ subnets });
    expect(refusals).toEqual([]);
    expect(wanted[0]?.object).toMatchObject({ subnets });
  });

  it('is refused without a family that the file mentions', () => {
    const facts = givenFacts({ networks: [givenNetwork()] });
    const subnets = ['10.89.4.0/24', '2001:db8::/64'];
    expect(wantNetwork({ ...network, subnets }, facts).refusals[0]?.message).toContain(
      'has it with 10.89.4.0/24, the file says 10.89.4.0/24, 2001:db8::/64',
    );
  });

  it('may have its subnets in another order', () => {
    const subnets = ['10.89.4.0/24', '10.89.6.0/24'];
    const facts = givenFacts({ networks: [givenNetwork({ subnets })] });
    expect(wantNetwork({ ...network, subnets: subnets.toReversed() }, facts).refusals).toEqual([]);
  });

  it('of somebody else is left alone', () => {
    const external = { ...network, engine: 'external' as const };
    const facts = givenFacts({ networks: [givenNetwork({ engine: 'external' })] });
    expect(wantNetwork(external, facts)).toEqual({ wanted: [], waiting: [], refusals: [] });
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
      refusals: [],
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
