/** Keys of gateways with `mode: balance`. */
import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

interface Given {
  readonly network?: string;
  readonly gateway?: string;
  /** of gw1 */
  readonly member?: string;
}

const file = ({ network = '', gateway = 'mode: balance', member = '' }: Given): string => `version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2, gw2: 192.168.50.3, mail: 192.168.50.4 }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office }
  iot: { engine: podman, subnets: { node1: 10.89.5.0/24 }, via: mail${network} }
gateways:
  mail: { members: [{ host: mail, uplink: { device: eth1 } }] }
  office:
    members:
      - { host: gw1, uplink: { device: eth1 }${member} }
      - { host: gw2, uplink: { device: eth1 } }
    ${gateway}
`;

function officeOf(given: Given) {
  const parsed = parseSpec(file(given));
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec.gateways['office'];
}

describe('a gateway with mode balance', () => {
  it('needs no check, and has members with weights', () => {
    expect(officeOf({ member: ', weight: 2' })).toMatchObject({
      mode: 'balance',
      members: [{ host: 'gw1', weight: 2 }, { host: 'gw2' }],
    });
    expect(officeOf({ gateway: 'mode: failover\n    check: {}' })).not.toHaveProperty('mode');
  });

  it('may have a time until a member gets connections again, and one member only', () => {
    expect(officeOf({ gateway: 'mode: balance\n    failback: 5s' })?.failback).toBe(5000);
    const one = file({}).replace(/ +- \{ host: gw2.*\n/, '');
    expect(parseSpec(one)).toMatchObject({ kind: 'spec' });
  });

  it.each<readonly [string, Given, string, string]>([
    [
      'a weight of nothing',
      { member: ', weight: 0' },
      '10:56',
      'expected a number from 1 to 100, found the number 0',
    ],
    [
      'a weight that is too large',
      { member: ', weight: 101' },
      '10:56',
      'expected a number from 1 to 100, found the number 101',
    ],
    [
      'a weight without the mode',
      { member: ', weight: 2', gateway: 'check: {}' },
      '10:48',
      'without mode balance, weight has no effect',
    ],
    [
      'an unknown mode',
      { gateway: 'mode: spread' },
      '12:11',
      'expected failover or balance, found the text "spread"',
    ],
    [
      'failback by hand',
      { gateway: 'mode: balance\n    failback: manual' },
      '13:15',
      'with mode balance, failback cannot be manual',
    ],
    [
      'published ports',
      { gateway: 'mode: balance\n    publish: [{ port: 80, to: 10.89.4.5 }]' },
      '13:5',
      'with mode balance, ports cannot be published',
    ],
    [
      'BGP',
      { gateway: 'mode: balance\n    routing: { protocol: bgp }' },
      '12:5',
      'with routing by bgp, mode has no effect: BGP chooses the member',
    ],
    [
      'OSPF',
      { gateway: 'mode: balance\n    routing: { protocol: ospf }' },
      '12:5',
      'with routing by ospf, mode has no effect: OSPF chooses the member',
    ],
    [
      'a route that leads to it',
      { network: ', routes: [{ to: 198.51.100.0/24, via: office }]' },
      '5:108',
      'gateway office has mode balance: only whole networks can leave by it',
    ],
  ])('refuses %s', (_, given, position, message) => {
    const text = file(given);
    const parsed = parseSpec(text);
    const report = parsed.kind === 'problems' ? formatProblems(parsed.problems, text, 'file') : '';
    expect(report).toContain(message);
    expect(report).toContain(`file:${position}: `);
  });

  it('refuses a share that is smaller than a slot', () => {
    const members = ['gw1', 'gw2', 'gw3', 'gw4'].map(
      (host, i) => `      - { host: ${host}, uplink: { device: eth1 }, weight: ${i === 0 ? 1 : 100} }\n`,
    );
    const text = file({})
      .replace(/ +- \{ host: gw1[^]*eth1 \} \}\n(?= +mode)/, members.join(''))
      .replace('mail: 192.168.50.4 }', 'mail: 192.168.50.4, gw3: 192.168.50.5, gw4: 192.168.50.6 }');
    expect(parseSpec(text)).toMatchObject({
      kind: 'problems',
      problems: [{ line: 10, message: 'a share of 1 in 301 is less than one of 256 slots' }],
    });
  });
});
