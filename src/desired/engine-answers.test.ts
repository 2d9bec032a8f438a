import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import type { DropsAnswers, NetworkFacts } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { answerObstacles, letAnswersIn } from './engine-answers.ts';
import { wantNetwork } from './engine-networks.ts';
import { networkStates } from './engine-obstacles.ts';

const network: NodeNetwork = {
  name: 'web',
  engine: 'docker',
  subnets: ['10.89.4.0/24', 'fd00:4::/64'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2', 'fd00:50::2'],
};
const links = [{ name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.10/24', 'fd00:50::10/64'] }];
const drops: DropsAnswers = {
  families: [4, 6],
  trusted: [],
  iptables: true,
  remake: ['docker network rm web', 'docker network create --opt trusted=DEVICES web'],
};

function found(different: Partial<NetworkFacts> = {}): NetworkFacts {
  const { masquerade: _, ...rest } = givenNetwork({
    engine: 'docker',
    backend: 'docker 28.2.2',
    subnets: network.subnets,
    dropsAnswers: drops,
    ...different,
  });
  return rest;
}

function answers(of: Partial<NodeNetwork>, dropsAnswers: DropsAnswers = drops) {
  const about = [{ ...network, ...of }, found({ dropsAnswers }), givenFacts({ links })] as const;
  return {
    rules: letAnswersIn(...about).map(({ object }) =>
      object.kind === 'iptables-rule'
        ? `${object.family} ${object.table} ${object.chain} ${object.args.join(' ')}`
        : object.kind,
    ),
    notReady: answerObstacles(...about),
  };
}

describe('answers to a network whose engine drops them', () => {
  it('close it, with the commands that make it anew, and the other way out', () => {
    expect(answers({})).toEqual({
      rules: [],
      notReady: [
        [4, '10.89.4.0/24'],
        [6, 'fd00:4::/64'],
      ].map(([family, subnet]) => ({
        what: 'network web',
        family,
        message: `network web: docker 28.2.2 drops the answers that come to ${subnet} by eth0`,
        hint:
          'make it anew: `docker network rm web && docker network create --opt trusted=eth0 web`' +
          ', or write `accept_replies: true` into the network',
      })),
    });
  });

  it('lets them in by a rule of ours for each family, where the file says so', () => {
    expect(answers({ acceptReplies: true })).toEqual({
      rules: [
        '4 raw PREROUTING -d 10.89.4.0/24 -i eth0 -j ACCEPT',
        '6 raw PREROUTING -d fd00:4::/64 -i eth0 -j ACCEPT',
      ],
      notReady: [],
    });
  });

  it('close it where a drop is final, whatever the file says', () => {
    const inNft = { ...drops, iptables: false, trusted: ['eth1'] };
    expect(answers({}, inNft).notReady[0]?.hint).toBe(
      'make it anew: `docker network rm web && docker network create --opt trusted=eth1:eth0 web`',
    );
    expect(answers({ acceptReplies: true }, inNft)).toMatchObject({
      rules: [],
      notReady: [4, 6].map((family) => ({
        family,
        hint: expect.stringMatching(/accept_replies cannot help: .* nftables/) as string,
      })),
    });
  });

  it.each<[string, Partial<NodeNetwork>, DropsAnswers, string[]]>([
    ['nothing of what it trusts', {}, { ...drops, trusted: ['eth0'] }, []],
    ['one family that is routed', {}, { ...drops, families: [6] }, ['fd00:4::/64']],
    ['none that goes nowhere', { blocked: [6] }, drops, ['10.89.4.0/24']],
    ['none whose gateway is nowhere', { nextHops: [] }, drops, []],
  ])('is about %s', (_, of, dropsAnswers, subnets) => {
    const { notReady } = answers(of, dropsAnswers);
    expect(notReady.map(({ message }) => /come to (.*) by/.exec(message)?.[1])).toEqual(subnets);
  });

  it('come in to a network that is made now, which trusts the device from the beginning', () => {
    const absent = found({ exists: false, subnets: [] });
    const facts = givenFacts({ links, networks: [absent] });
    const [state] = networkStates([network], facts, false);
    expect(state?.obstacles).toEqual([]);
    const { wanted } = state ? wantNetwork(state, facts) : { wanted: [] };
    expect(wanted.map(({ object }) => object)).toEqual([
      { kind: 'engine-network', engine: 'docker', name: 'web', subnets: network.subnets, trusted: ['eth0'] },
    ]);
  });
});
