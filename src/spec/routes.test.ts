import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';
import { rankRoutes, selectorText } from './route-order.ts';
import type { NetworkRoute, Spec } from './spec.ts';

const file = (routes: readonly string[], more = ''): string => `version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2, gw2: 192.168.50.3 }
networks:
  web:
    engine: podman
    subnets: { node1: 10.89.4.0/24 }
    via: office
    direct: [192.168.50.0/24]
    routes:
${routes.map((route) => `      - ${route}\n`).join('')}${more}gateways:
  office: { members: [{ host: gw1, uplink: { device: gre1 } }] }
  mail: { members: [{ host: gw2, uplink: { device: eth1 } }] }
`;

function specOf(text: string): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'problems') throw new Error(formatProblems(parsed.problems, text, 'f.yaml'));
  return parsed.spec;
}

function problemsOf(text: string): string[] {
  const parsed = parseSpec(text);
  return parsed.kind === 'spec'
    ? []
    : parsed.problems.map(({ line, column, message, hint }) => `${line}:${column} ${message} (${hint})`);
}

describe('routes', () => {
  it('are decoded completely, in the order of the file', () => {
    const routes = [
      '{ to: 198.51.100.0/24, proto: tcp, ports: 25, via: mail }',
      '{ to: [203.0.113.0/24], via: direct }',
      '{ proto: udp, ports: [53, "8000-8100"], via: mail }',
      '{ proto: icmp, via: direct }',
    ];
    expect(specOf(file(routes)).networks['web']?.routes).toEqual([
      { to: ['198.51.100.0/24'], proto: 'tcp', ports: [[25, 25]], via: 'mail' },
      { to: ['203.0.113.0/24'], ports: [], via: 'direct' },
      {
        to: [],
        proto: 'udp',
        ports: [
          [53, 53],
          [8000, 8100],
        ],
        via: 'mail',
      },
      { to: [], proto: 'icmp', ports: [], via: 'direct' },
    ]);
  });

  it('are absent when the file has none', () => {
    const { networks } = specOf(file(['{ proto: tcp, via: mail }']).replace(/ {4}routes:\n.*\n/, ''));
    expect(networks['web']).not.toHaveProperty('routes');
  });

  it.each<[string, string[], string[]]>([
    [
      'to an unknown gateway',
      ['{ proto: tcp, via: mial }'],
      ['10:28 unknown gateway "mial" (did you mean "mail"?)'],
    ],
    [
      'with an unknown key',
      ['{ proto: tcp, port: 25, via: mail }'],
      ['10:23 unknown key "port" (did you mean "ports"?)'],
    ],
    [
      'without a gateway',
      ['{ proto: tcp }'],
      ['10:9 missing key "via" (add "via: ..." with the name of a gateway, or direct)'],
    ],
    [
      'with ports but no protocol',
      ['{ to: 198.51.100.0/24, ports: 25, via: mail }'],
      ['10:32 only tcp and udp have ports (add `proto: tcp` or `proto: udp`; for both, write two routes)'],
    ],
    [
      'with invalid ports',
      ['{ proto: tcp, ports: [0, 25-24, "x", 65536], via: mail }'],
      [
        '10:31 expected a port or a range like "8000-8100", found the number 0 (ports go from 1 to 65535)',
        '10:34 expected a port or a range like "8000-8100", found the text "25-24" (ports go from 1 to 65535)',
        '10:41 expected a port or a range like "8000-8100", found the text "x" (ports go from 1 to 65535)',
        '10:46 expected a port or a range like "8000-8100", found the number 65536 (ports go from 1 to 65535)',
      ],
    ],
    [
      'with an unknown protocol',
      ['{ proto: sctp, via: mail }'],
      ['10:18 expected tcp, udp or icmp, found the text "sctp" (known words: tcp, udp, icmp)'],
    ],
    [
      'for all packets',
      ['{ via: mail }', '{ to: 0.0.0.0/0, via: direct }'],
      [
        '10:9 this route matches all packets of web (narrow it with to, proto or ports, or change via of web)',
        '11:9 this route matches all packets of web (narrow it with to, proto or ports, or change via of web)',
      ],
    ],
    [
      'with equal priority',
      [
        '{ proto: tcp, ports: ["20-30"], via: mail }',
        '{ proto: tcp, ports: [80, 30], via: direct }',
        '{ to: 192.168.50.0/24, via: mail }',
      ],
      [
        '11:9 tcp 30 of web goes by mail already (line 10) (remove one of them, or make one more specific)',
        '12:9 192.168.50.0/24 of web goes by direct already (line 8) (remove one of them, or make one more specific)',
      ],
    ],
  ])('are reported: %s', (_, routes, problems) => {
    expect(problemsOf(file(routes))).toEqual(problems);
  });

  it('that overlap are accepted when one is more specific', () => {
    const routes = [
      '{ to: 192.168.50.0/25, via: mail }',
      '{ to: 192.168.50.0/24, proto: tcp, via: mail }',
      '{ to: 192.168.50.0/24, proto: tcp, ports: 25, via: direct }',
      '{ to: 192.168.50.0/24, proto: udp, ports: 25, via: direct }',
      '{ to: 192.168.50.0/24, proto: tcp, ports: 26, via: mail }',
    ];
    expect(problemsOf(file(routes))).toEqual([]);
  });

  it('may lead neither to their own node nor to a gateway without the family', () => {
    const text = file(['{ proto: tcp, via: mail }']);
    expect(problemsOf(text.replace('host: gw2', 'host: node1'))).toEqual([
      '13:29 node1 is a node of network web, which leaves by this gateway (remove it, or send web by a gateway on another host)',
    ]);
    expect(problemsOf(text.replace('gw2: 192.168.50.3', 'gw2: "2001:db8::3"'))).toEqual([
      '13:29 gw2 has no IPv4 address, which 10.89.4.0/24 needs as its next hop (give gw2 one under hosts)',
    ]);
  });

  it('reserve the word direct', () => {
    const text = file(['{ proto: tcp, via: mail }'])
      .replace('  mail:', '  direct:')
      .replace('via: mail', 'via: direct');
    expect(problemsOf(text)).toEqual([
      '13:3 direct is reserved for the host’s own routing (give the gateway another name)',
    ]);
  });

  it('are limited by the number of rule preferences', () => {
    const both = Array.from({ length: 33 }, (_, length) => [
      `{ to: 0.0.0.0/${length}, proto: tcp, via: mail }`,
      `{ to: 0.0.0.0/${length}, proto: tcp, ports: 9, via: direct }`,
    ]).flat();
    expect(problemsOf(file(both))).toEqual([
      '9:5 the IPv4 routes of web need 67 rule preferences, and 39 are reserved for them (remove routes that a wider route to the same gateway covers)',
    ]);
  });
});

describe('the order of routes', () => {
  const order = (routes: readonly NetworkRoute[], direct: readonly string[] = []) =>
    rankRoutes({ direct, routes }, 4).map((s) => `${s.rank} ${selectorText(s)} ${s.via}`);

  it('is by prefix length, then ports, then protocol', () => {
    expect(
      order(
        [
          { to: [], proto: 'tcp', ports: [[25, 25]], via: 'mail' },
          { to: ['198.51.100.0/24', '2001:db8::/32'], ports: [], via: 'mail' },
          { to: ['198.51.100.0/24'], proto: 'tcp', ports: [], via: 'second' },
          { to: ['198.51.100.0/24'], proto: 'tcp', ports: [[80, 90]], via: 'mail' },
        ],
        ['198.51.100.7/32'],
      ),
    ).toEqual([
      '0 198.51.100.7/32 direct',
      '1 198.51.100.0/24 tcp 80-90 mail',
      '2 198.51.100.0/24 tcp second',
      '3 198.51.100.0/24 mail',
      '4 tcp 25 mail',
    ]);
  });

  it('has one rank for all direct destinations', () => {
    expect(order([], ['10.0.0.0/8', '192.0.2.0/24'])).toEqual([
      '0 192.0.2.0/24 direct',
      '0 10.0.0.0/8 direct',
    ]);
  });
});
