import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import type { DropsReplies, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { replyObstacles, acceptReplyRules } from './inbound-links.ts';
import { desiredState } from '../desired.ts';
import { desiredNetwork } from './networks.ts';
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
const drops: DropsReplies = {
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
    dropsReplies: drops,
    ...different,
  });
  return rest;
}

function replies(of: Partial<NodeNetwork>, dropsReplies: DropsReplies = drops) {
  const about = [{ ...network, ...of }, found({ dropsReplies }), givenFacts({ links })] as const;
  return {
    rules: acceptReplyRules(...about).map(({ object }) =>
      object.kind === 'iptables-rule'
        ? `${object.family} ${object.table} ${object.chain} ${object.args.join(' ')}`
        : object.kind,
    ),
    notReady: replyObstacles(...about),
  };
}

describe('a network whose engine drops replies', () => {
  it('is closed, and the hint has the commands to recreate it, and accept_replies', () => {
    expect(replies({})).toEqual({
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

  it('gets accept rules for each family with accept_replies', () => {
    expect(replies({ acceptReplies: true })).toEqual({
      rules: [
        '4 raw PREROUTING -d 10.89.4.0/24 -i eth0 -j ACCEPT',
        '6 raw PREROUTING -d fd00:4::/64 -i eth0 -j ACCEPT',
      ],
      notReady: [],
    });
  });

  it('is closed if a drop is final, even with accept_replies', () => {
    const inNft = { ...drops, iptables: false, trusted: ['eth1'] };
    expect(replies({}, inNft).notReady[0]?.hint).toBe(
      'recreate it: `docker network rm web && docker network create --opt trusted=eth1:eth0 web`',
    );
    expect(replies({ acceptReplies: true }, inNft)).toMatchObject({
      rules: [],
      notReady: [4, 6].map((family) => ({
        family,
        hint: expect.stringMatching(/accept_replies cannot help: .* nftables/) as string,
      })),
    });
  });

  it.each<[string, Partial<NodeNetwork>, DropsReplies, string[]]>([
    ['nothing on a trusted device', {}, { ...drops, trusted: ['eth0'] }, []],
    ['one family if the other is in mode routed', {}, { ...drops, families: [6] }, ['fd00:4::/64']],
    ['nothing in a blocked family', { blocked: [6] }, drops, ['10.89.4.0/24']],
    ['nothing without a link to the gateway', { nextHops: [] }, drops, []],
  ])('has obstacles for %s', (_, of, dropsReplies, subnets) => {
    const { notReady } = replies(of, dropsReplies);
    expect(notReady.map(({ message }) => /replies to (.*) on/.exec(message)?.[1])).toEqual(subnets);
  });

  it('is created with the device as trusted', () => {
    const absent = found({ exists: false, subnets: [] });
    const facts = givenFacts({ links, networks: [absent] });
    const [state] = networkStates([network], facts, false);
    expect(state?.obstacles).toEqual([]);
    const { wanted } = state ? desiredNetwork(state, facts) : { wanted: [] };
    expect(wanted.map(({ object }) => object)).toEqual([
      { kind: 'engine-network', engine: 'docker', name: 'web', subnets: network.subnets, trusted: ['eth0'] },
    ]);
  });
});

/** Chains of our table for inbound packets on the gateway's link, and the jumps to them. */
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
const chain = (family: 4 | 6, published = ''): string =>
  `inbound${family}: ct state related return; ct status dnat return; ${published}drop`;

describe('inbound packets on a link that is open for replies', () => {
  it.each<[string, Partial<NodeNetwork>, Partial<NetworkFacts>]>([
    ['by a rule of ours', { acceptReplies: true }, {}],
    ['by a trusted device', {}, { dropsReplies: { ...drops, trusted: ['eth0'] } }],
    ['by one of several trusted devices', {}, { dropsReplies: { ...drops, trusted: ['eth0', 'eth7'] } }],
  ])('may only be replies, if it is open %s', (_, of, different) => {
    expect(inbound(of, different)).toEqual([chain(4), chain(6), jump4, jump6]);
  });

  it('may be for ports that a gateway publishes', () => {
    const inboundPorts = [{ proto: 'tcp', to: '10.89.4.5', toPort: 80, from: ['192.168.50.2'] }] as const;
    expect(inbound({ acceptReplies: true, inboundPorts })).toContain(
      chain(4, 'ip daddr 10.89.4.5 tcp dport 80 return; '),
    );
  });

  it('are checked on every device that our network trusts', () => {
    const trusted = { ours: true, dropsReplies: { ...drops, trusted: ['eth0', 'eth7'] } };
    expect(inbound({}, trusted)).toContain(jump4.replace('eth0', 'eth7'));
  });

  it('are checked on the links to the gateways of routes, which have accept rules too', () => {
    const selector = { via: 'mail', proto: 'tcp', ports: [25, 25], rank: 0 } as const;
    const routes = { selectors: { 4: [selector], 6: [] }, nextHops: { mail: ['192.168.60.2'] } };
    expect(inbound({ acceptReplies: true, routes })).toContain(jump4.replace('eth0', 'eth1'));
    const wanted = acceptReplyRules(
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
    ['the engine drops nothing', {}, { dropsReplies: { ...drops, families: [] } }],
    ['the network is blocked', { blocked: [4, 6] }, {}],
  ])('are not checked if %s', (_, of, different) => {
    expect(inbound(of, different)).toEqual([]);
  });
});
