import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

interface Given {
  readonly b?: string;
  readonly c?: string;
  readonly routes?: string;
  /** uplink of gateway c */
  readonly uplink?: string;
}

const file = ({ b = '', c = '', routes = '', uplink = 'device: eth1' }: Given): string => `version: 1
hosts:
  node1: [192.168.50.10, "fd00:50::10"]
  gw1: [192.168.50.2, "fd00:50::2"]
networks:
  web: { engine: podman, subnets: { node1: [10.89.4.0/24, "fd00:4::/64"] }, via: b${routes} }
  post: { engine: podman, subnets: { node1: [10.89.5.0/24, "fd00:5::/64"] }, via: c }
gateways:
  b:
    members: [{ host: gw1, uplink: { device: eth1 } }]
${b}  c:
    members: [{ host: gw1, uplink: { ${uplink} } }]
${c}`;

function problemsOf(given: Given): string {
  const text = file(given);
  const parsed = parseSpec(text);
  return parsed.kind === 'spec' ? '' : formatProblems(parsed.problems, text, 'f.yaml');
}

const publish = (to: string, port = 80): string => `    publish: [{ port: ${port}, to: ${to} }]\n`;

describe('a port that two gateways publish on one device', () => {
  it('is an error with its position', () => {
    expect(problemsOf({ b: publish('10.89.4.5'), c: publish('10.89.5.5') })).toBe(
      `f.yaml:14:23: gateways.c.publish.0.port: port 80 of tcp IPv4 on eth1 of gw1 is published by gateway b already (line 11)
        publish: [{ port: 80, to: 10.89.5.5 }]
                          ^
    hint: give one of them another port, or each gateway an address of its own with \`snat:\``,
    );
  });

  it.each<[string, Given]>([
    ['one of them on all addresses', { b: '    snat: 198.51.100.6\n' }],
    ['both on one address', { b: '    snat: 198.51.100.6\n', c: '    snat: 198.51.100.6\n' }],
    ['both without snat', { b: '    snat: none\n', c: '    snat: none\n' }],
  ])('is an error with %s', (_, { b = '', c = '' }) => {
    const given = { b: `${b}${publish('10.89.4.5')}`, c: `${c}${publish('10.89.5.5')}` };
    expect(problemsOf(given)).toContain('is published by gateway b already');
  });

  it.each<[string, Given]>([
    ['another port', { c: publish('10.89.5.5', 81) }],
    ['another family', { c: publish('"fd00:5::5"') }],
    ['another device', { c: publish('10.89.5.5'), uplink: 'device: eth2' }],
  ])('is allowed with %s', (_, given) => {
    expect(problemsOf({ b: publish('10.89.4.5'), ...given })).toBe('');
  });

  it('is allowed when each gateway has its own address', () => {
    const snat = (last: number): string => `    snat: [198.51.100.${last}, "2001:db8::${last}"]\n`;
    expect(
      problemsOf({ b: `${snat(6)}${publish('10.89.4.5')}`, c: `${snat(7)}${publish('10.89.5.5')}` }),
    ).toBe('');
  });
});

describe('replies of a published port', () => {
  const elsewhere = { b: publish('10.89.4.5'), uplink: 'device: eth2' };

  it('that a route sends to another device are an error with its position', () => {
    expect(problemsOf({ ...elsewhere, routes: ', routes: [{ proto: tcp, via: c }]' })).toBe(
      `f.yaml:11:31: gateways.b.publish.0.to: replies of 10.89.4.5 would leave by c: a route of web matches them (line 6)
        publish: [{ port: 80, to: 10.89.4.5 }]
                                  ^
    hint: give the route destinations or ports, or publish no port of this network`,
    );
  });

  it.each([
    ['by the host’s own routing', ', routes: [{ proto: tcp, via: direct }]'],
    ['by a route to all addresses', ', routes: [{ to: 0.0.0.0/0, proto: tcp, via: c }]'],
  ])('are an error when they leave %s', (_, routes) => {
    expect(problemsOf({ ...elsewhere, routes })).toContain('replies of 10.89.4.5');
  });

  it.each([
    ['another protocol', ', routes: [{ proto: udp, via: c }]'],
    ['some clients', ', routes: [{ to: 198.51.100.0/24, via: c }]'],
    ['ports', ', routes: [{ proto: tcp, ports: 25, via: c }]'],
    ['the other family', ', routes: [{ to: "::/0", proto: tcp, via: c }]'],
    ['its own gateway', ', routes: [{ proto: tcp, via: b }]'],
  ])('are allowed with a route for %s', (_, routes) => {
    expect(problemsOf({ ...elsewhere, routes })).toBe('');
  });

  it('are allowed when both gateways use one device of one host', () => {
    expect(problemsOf({ b: publish('10.89.4.5'), routes: ', routes: [{ proto: tcp, via: c }]' })).toBe('');
  });
});

it('an uplink has one MTU', () => {
  const text = file({ uplink: 'device: eth1, mtu: 1400' }).replace(
    'uplink: { device: eth1 }',
    'uplink: { device: eth1, mtu: 1476 }',
  );
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') throw new Error('no mistake found');
  expect(formatProblems(parsed.problems, text, 'f.yaml')).toBe(
    `f.yaml:12:57: gateways.c.members.0.uplink.mtu: the mtu of eth1 of gw1 is 1476 for gateway b (line 10)
        members: [{ host: gw1, uplink: { device: eth1, mtu: 1400 } }]
                                                            ^
    hint: write the same for both: it is one device`,
  );
});
