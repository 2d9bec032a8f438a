import { describe, expect, it } from 'vitest';
import { describeTrials } from './describe.ts';
import type { Direction } from './flow.ts';
import type { Culprit, Outcome } from './judge.ts';
import type { Path } from './path.ts';
import type { Trial } from './probe.ts';

const node: Path = {
  subject: { subject: 'network web, IPv4', family: 4 },
  family: 4,
  subnet: '10.89.4.0/24',
  source: '10.89.4.254',
  target: '192.0.2.1',
  inner: { device: 'br0' },
  outer: { device: 'eth0', nextHop: '192.168.50.2' },
  keepsSource: true,
  protocols: ['udp', 'tcp'],
};
const member: Path = {
  ...node,
  subject: { subject: 'gateway office, 10.89.4.0/24 of node1', family: 4 },
  inner: { device: 'eth0', nextHop: '192.168.50.10' },
  outer: { device: 'gre1' },
  keepsSource: false,
};
const packet = { source: '10.89.4.254', destination: '192.0.2.1' };
const arrived: Outcome = { kind: 'arrived', packet };

function culprit(different: Partial<Culprit>): Culprit {
  return {
    family: 'ip',
    table: 'filter',
    chain: 'FORWARD',
    base: 'FORWARD',
    hook: 'forward',
    rule: 'drop',
    ...different,
  };
}

function dropped(different: Partial<Culprit> = {}): Outcome {
  return { kind: 'dropped', by: culprit(different), verdict: 'drop' };
}

function trial(
  outcome: Outcome,
  { path = node, direction = 'out', protocol = 'udp', ...more }: Partial<Trial['flow']> & Partial<Trial> = {},
): Trial {
  return { flow: { path, direction, protocol, port: 20_001 }, outcome, legacy: [], ...more };
}

const handle = ({ rule = '' }: Culprit) => ({ text: rule, handle: 7 });
const described = (...trials: Trial[]): string[][] =>
  describeTrials(trials, handle).map(({ problem, remedy }) => [problem, remedy]);

describe('a dropped packet', () => {
  const of = (different: Partial<Culprit>, path = node, direction: Direction = 'out'): string[] =>
    described(trial(dropped(different), { path, direction }))[0] ?? [];
  const nft = { family: 'inet', table: 'fw', chain: 'f', base: 'f' };

  it.each<[string, Partial<Culprit>, Path, Direction, string, string]>([
    [
      'by iptables',
      {},
      node,
      'out',
      'rule `drop` (handle 7) in chain FORWARD of nft table ip filter (iptables)',
      'iptables -I FORWARD -i br0 -o eth0 -s 10.89.4.0/24 -j ACCEPT',
    ],
    [
      'as a reply',
      {},
      node,
      'back',
      'rule `drop` (handle 7) in chain FORWARD of nft table ip filter (iptables)',
      'iptables -I FORWARD -i eth0 -o br0 -d 10.89.4.0/24 -j ACCEPT',
    ],
    [
      'in mangle, before routing',
      { table: 'mangle', chain: 'PREROUTING', base: 'PREROUTING', hook: 'prerouting' },
      node,
      'out',
      'rule `drop` (handle 7) in chain PREROUTING of nft table ip mangle (iptables)',
      'iptables -t mangle -I PREROUTING -i br0 -s 10.89.4.0/24 -j ACCEPT',
    ],
    [
      'in raw of a gateway, as a reply to its address',
      { family: 'ip6', table: 'raw', chain: 'PREROUTING', base: 'PREROUTING', hook: 'prerouting' },
      member,
      'back',
      'rule `drop` (handle 7) in chain PREROUTING of nft table ip6 raw (iptables)',
      'ip6tables -t raw -I PREROUTING -i gre1 -j ACCEPT',
    ],
    [
      'after NAT of a gateway',
      { table: 'mangle', chain: 'POSTROUTING', base: 'POSTROUTING', hook: 'postrouting' },
      member,
      'out',
      'rule `drop` (handle 7) in chain POSTROUTING of nft table ip mangle (iptables)',
      'iptables -t mangle -I POSTROUTING -o gre1 -j ACCEPT',
    ],
    [
      'by nft',
      nft,
      node,
      'out',
      'rule `drop` (handle 7) in chain f of nft table inet fw',
      'nft insert rule inet fw f iifname "br0" oifname "eth0" ip saddr 10.89.4.0/24 accept',
    ],
    [
      'by Docker',
      { chain: 'DOCKER-ISOLATION-STAGE-2' },
      node,
      'out',
      "rule `drop` (handle 7) in chain DOCKER-ISOLATION-STAGE-2 of nft table ip filter (iptables), which is Docker's",
      'iptables -I DOCKER-USER -i br0 -o eth0 -s 10.89.4.0/24 -j ACCEPT',
    ],
    [
      'by firewalld',
      { ...nft, table: 'firewalld' },
      node,
      'out',
      "rule `drop` (handle 7) in chain f of nft table inet firewalld, which is firewalld's",
      'firewall-cmd --permanent --zone=trusted --add-source=10.89.4.0/24 && firewall-cmd --reload',
    ],
    [
      'by ufw',
      { chain: 'ufw-reject-forward' },
      node,
      'back',
      "rule `drop` (handle 7) in chain ufw-reject-forward of nft table ip filter (iptables), which is ufw's",
      'ufw route allow in on eth0 out on br0 to 10.89.4.0/24',
    ],
    [
      'by a reverse path filter',
      { ...nft, rule: 'fib saddr . iif oif missing drop', hook: 'prerouting' },
      member,
      'back',
      'rule `fib saddr . iif oif missing drop` (handle 7) in chain f of nft table inet fw',
      'nft insert rule inet fw f iifname "gre1" accept',
    ],
  ])('%s', (_, different, path, direction, rule, command) => {
    const [problem = '', remedy] = of(different, path, direction);
    const packets = direction === 'out' ? 'packets to the outside' : 'replies from the outside';
    expect(problem).toBe(`${path.subject.subject}: ${packets} are dropped by ${rule}`);
    expect(remedy).toContain(`\`${command}\``);
  });

  it('by the reverse path filter of firewalld: the remedy names the setting', () => {
    const fib = { ...nft, table: 'firewalld', rule: 'fib saddr . mark . iif oif missing drop' };
    expect(of(fib, member, 'back')[1]).toContain('IPv6_rpfilter=loose');
  });

  it('by a policy: no rule is named', () => {
    const by = { family: 'ip', table: 'filter', chain: 'FORWARD', base: 'FORWARD', hook: 'forward' } as const;
    expect(described(trial({ kind: 'dropped', by, verdict: 'drop' }))[0]?.[0]).toMatch(
      /dropped by the policy of chain FORWARD of nft table ip filter \(iptables\)$/,
    );
  });

  it('of one protocol only: the protocol is named', () => {
    const [[problem = ''] = []] = described(trial(arrived), trial(dropped(), { protocol: 'tcp' }));
    expect(problem).toMatch(/: TCP packets to the outside are dropped by/);
  });

  it('of many networks is reported once', () => {
    const of4 = ['a', 'b', 'c', 'd'].map((name) =>
      trial(dropped(), { path: { ...node, subject: { subject: `network ${name}`, family: 4 } } }),
    );
    expect(described(...of4, ...of4).map(([problem]) => problem)).toEqual([
      'network a; network b; network c; and 1 more: packets to the outside are dropped by rule `drop` (handle 7) in chain FORWARD of nft table ip filter (iptables)',
    ]);
  });
});

describe('a diverted packet', () => {
  const route = {
    text: 'via 192.168.50.77 dev eth0 table 77',
    failed: false,
    table: 77,
    rules: [{ preference: 100, text: 'from 10.89.4.0/24 lookup 77' }],
  };

  it('by a rule with a lower preference than ours', () => {
    expect(described(trial({ kind: 'diverted', to: packet, mark: 0 }, { route }))).toEqual([
      [
        'network web, IPv4: packets to the outside go via 192.168.50.77 dev eth0 table 77, and not to 192.168.50.2 on eth0, by `ip rule` 100: from 10.89.4.0/24 lookup 77',
        'let it come after our rules: `ip rule add pref 5000 from 10.89.4.0/24 lookup 77 && ip rule del pref 100 from 10.89.4.0/24 lookup 77`',
      ],
    ]);
  });

  it('by a rule that refuses packets, for replies', () => {
    const rules = [{ preference: 5210, text: 'from all lookup 52' }];
    const failed = { text: 'Permission denied', failed: true, rules };
    const lost: Outcome = { kind: 'lost', where: 'routing', mark: 0 };
    expect(described(trial(lost, { route: failed, path: member, direction: 'back' }))[0]?.[0]).toBe(
      "gateway office, 10.89.4.0/24 of node1: replies from the outside are not routed (Permission denied), and not to 192.168.50.10 on eth0, by `ip rule` 5210: from all lookup 52, which is Tailscale's",
    );
  });

  it('by a fwmark', () => {
    const marked = culprit({ table: 'mangle', chain: 'PREROUTING', rule: 'meta mark set 0x99' });
    const [[problem] = []] = described(
      trial({ kind: 'diverted', to: packet, mark: 0x99, marked }, { route }),
    );
    expect(problem).toMatch(/with mark 0x99 from rule `meta mark set 0x99` \(handle 7\) in chain PREROUTING/);
  });

  it('by a changed destination', () => {
    const translated = culprit({
      table: 'nat',
      chain: 'PREROUTING',
      base: 'PREROUTING',
      hook: 'prerouting',
      rule: 'dnat to 10.1.1.1',
    });
    const to = { ...packet, destination: '10.1.1.1' };
    expect(described(trial({ kind: 'diverted', to, mark: 0, translated }))).toEqual([
      [
        'network web, IPv4: packets to the outside become packets from 10.89.4.254 to 10.1.1.1 by rule `dnat to 10.1.1.1` (handle 7) in chain PREROUTING of nft table ip nat (iptables)',
        'accept it before: `iptables -t nat -I PREROUTING -i br0 -s 10.89.4.0/24 -j ACCEPT`; and keep that where your other rules are',
      ],
    ]);
  });
});

describe('a lost packet', () => {
  const lost: Outcome = { kind: 'lost', where: 'forward', mark: 0 };
  const drop = { family: 4, chain: 'FORWARD', rule: '-A FORWARD -i br0 -j DROP', packets: 3 } as const;

  it('is attributed to a rule of iptables-legacy whose counter rose', () => {
    const legacy = [
      { ...drop, table: 'raw' },
      { ...drop, table: 'mangle' },
    ];
    expect(described(trial(lost, { legacy }))).toEqual([
      [
        'network web, IPv4: packets to the outside are dropped by rule `-A FORWARD -i br0 -j DROP` of table mangle of iptables-legacy',
        'accept it before: `iptables-legacy -t mangle -I FORWARD -i br0 -o eth0 -s 10.89.4.0/24 -j ACCEPT`; and keep that where your other rules are',
      ],
    ]);
  });

  it('without a known rule is reported with its hook', () => {
    expect(described(trial(lost))[0]?.[0]).toMatch(
      /get lost in hook forward, and no rule of nft or iptables says why$/,
    );
  });

  it('that nft never saw is reported', () => {
    expect(described(trial({ kind: 'unseen' }))[0]?.[0]).toMatch(/do not reach nft/);
  });

  it('is not reported when it arrived', () => {
    expect(described(trial(arrived), trial(arrived, { direction: 'back' }))).toEqual([]);
  });
});
