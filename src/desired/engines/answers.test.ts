import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import type { DropsAnswers, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { answerObstacles, letAnswersIn } from './answers.ts';
import { desiredState } from '../desired.ts';
import { wantNetwork } from './networks.ts';
import { networkStates } from './obstacles.ts';

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
        message: `network web: docker 28.2.2 drops replies to ${subnet} on eth0`,
        hint:
          'recreate it: `docker network rm web && docker network create --opt trusted=eth0 web`' +
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
      'recreate it: `docker network rm web && docker network create --opt trusted=eth1:eth0 web`',
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
    expect(notReady.map(({ message }) => /replies to (.*) on/.exec(message)?.[1])).toEqual(subnets);
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

/** Chains of our table that are about what comes in by the link to the gateway, and the jumps to them. */
function inbound(of: Partial<NodeNetwork>, different: Partial<NetworkFacts> = {}): string[] {
  const role = { host: 'here', addresses: [], networks: [{ ...network, ...of }], gateways: [] };
  const mail = { name: 'eth1', index: 3, ethernet: true, addresses: ['192.168.60.10/24'] };
  const facts = givenFacts({ links: [...links, mail], networks: [found(different)] });
  const { wanted } = desiredState(role, { office: { members: [], snat: 'masquerade' } }, facts);
  return wanted.flatMap(({ object }) => {
    if (object.kind !== 'nft-chain') return [];
    if (object.name.startsWith('inbound')) return [`${object.name}: ${object.rules.join('; ')}`];
    return object.rules.filter((rule) => rule.includes('jump inbound'));
  });
}

const jump4 = 'iifname "eth0" ct state != established ip daddr & 255.255.255.0 == @inbound4_24 jump inbound4';
const jump6 =
  'iifname "eth0" ct state != established ip6 daddr & ffff:ffff:ffff:ffff:: == @inbound6_64 jump inbound6';
const chain = (family: 4 | 6, call = ''): string =>
  `inbound${family}: ct state related return; ct status dnat return; ${call}drop`;

describe('what comes in by a link that was opened for answers', () => {
  it.each<[string, Partial<NodeNetwork>, Partial<NetworkFacts>]>([
    ['a rule of ours', { acceptReplies: true }, {}],
    ['a trusted device', {}, { dropsAnswers: { ...drops, trusted: ['eth0'] } }],
    ['a device that somebody trusts, too', {}, { dropsAnswers: { ...drops, trusted: ['eth0', 'eth7'] } }],
  ])('is answers, by %s', (_, of, different) => {
    expect(inbound(of, different)).toEqual([chain(4), chain(6), jump4, jump6]);
  });

  it('is calls of ports that a gateway publishes, too', () => {
    const called = [{ proto: 'tcp', to: '10.89.4.5', toPort: 80, from: ['192.168.50.2'] }] as const;
    expect(inbound({ acceptReplies: true, called })).toContain(
      chain(4, 'ip daddr 10.89.4.5 tcp dport 80 return; '),
    );
  });

  it('is that by every device that a network of ours trusts', () => {
    const trusted = { ours: true, dropsAnswers: { ...drops, trusted: ['eth0', 'eth7'] } };
    expect(inbound({}, trusted)).toContain(jump4.replace('eth0', 'eth7'));
  });

  it('is that by the links to the gateways of routes, which a rule of ours opens as well', () => {
    const selector = { via: 'mail', proto: 'tcp', ports: [25, 25], rank: 0 } as const;
    const routes = { selectors: { 4: [selector], 6: [] }, nextHops: { mail: ['192.168.60.2'] } };
    expect(inbound({ acceptReplies: true, routes })).toContain(jump4.replace('eth0', 'eth1'));
    const wanted = letAnswersIn(
      { ...network, acceptReplies: true, routes },
      found(),
      givenFacts({
        links: [...links, { name: 'eth1', index: 3, ethernet: true, addresses: ['192.168.60.10/24'] }],
      }),
    );
    expect(
      wanted.map(({ object }) => (object.kind === 'iptables-rule' ? object.args.join(' ') : '')),
    ).toContain('-d 10.89.4.0/24 -i eth1 -j ACCEPT');
  });

  it.each<[string, Partial<NodeNetwork>, Partial<NetworkFacts>]>([
    ['the engine drops nothing', {}, { dropsAnswers: { ...drops, families: [] } }],
    ['it goes nowhere', { blocked: [4, 6] }, {}],
  ])('is nothing of ours where %s', (_, of, different) => {
    expect(inbound(of, different)).toEqual([]);
  });
});
