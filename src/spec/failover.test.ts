/** Keys of gateways with several members. */
import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

const file = (keys: string): string => `version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2, gw2: 192.168.50.3 }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office }
gateways:
  office:
    members:
      - { host: gw1, uplink: { device: eth1 } }
      - { host: gw2, uplink: { device: eth1 } }
${keys}
`;

function gatewayWith(keys: string) {
  const parsed = parseSpec(file(keys));
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec.gateways['office'];
}

describe('a gateway with several members', () => {
  it('needs no key', () => {
    expect(Object.keys(gatewayWith('') ?? {}).sort()).toEqual(['members', 'snat']);
  });

  it('has defaults for what a check leaves out', () => {
    expect(gatewayWith('    check: { targets: [1.1.1.1, 9.9.9.9] }')?.check).toEqual({
      targets: ['1.1.1.1', '9.9.9.9'],
      interval: 200,
      fall: 3,
      rise: 10,
    });
    expect(gatewayWith('    check: {}')?.check).toEqual({ interval: 200, fall: 3, rise: 10 });
  });

  it('has times in milliseconds', () => {
    expect(gatewayWith('    check: {}\n    failback: 45s')?.failback).toBe(45_000);
    expect(gatewayWith('    check: {}\n    failback: manual')?.failback).toBe('manual');
    expect(gatewayWith('    check: { interval: 50ms }')?.check?.interval).toBe(50);
  });

  it.each([
    ['flows: cut', '10:12', 'expected keep, reset or drain, found the text "cut"'],
    ['failback: 30', '10:15', 'expected a time from 1s to 86400s, or manual, found the number 30'],
    [
      'check: { targets: [] }',
      '10:23',
      'expected a list of one to eight addresses beyond the uplink, found an empty list',
    ],
    ['check: { targets: [one.one] }', '10:24', 'expected an IPv4 or IPv6 address, found the text "one.one"'],
    ['check: { interval: 10ms }', '10:24', 'expected an interval from 50ms to 60s, found the text "10ms"'],
    ['check: { fall: 0 }', '10:20', 'expected a number of lost probes from 1 to 20, found the number 0'],
    [
      'check: { rise: many }',
      '10:20',
      'expected a number of answered probes from 1 to 1000, found the text "many"',
    ],
    ['check: { target: 1.1.1.1 }', '10:14', 'unknown key "target"'],
  ])('refuses %s', (keys, position, message) => {
    const text = file(`    ${keys}`);
    const parsed = parseSpec(text);
    const report = parsed.kind === 'problems' ? formatProblems(parsed.problems, text, 'file') : '';
    expect(report).toContain(`file:${position}: `);
    expect(report).toContain(message);
  });

  it('refuses keys that have no effect without check', () => {
    expect(parseSpec(file('    mode: failover\n    failback: 30s'))).toMatchObject({
      kind: 'problems',
      problems: [
        { line: 10, message: 'without check, mode has no effect: nodes send to the first member' },
        { line: 11, message: 'without check, failback has no effect: nodes send to the first member' },
      ],
    });
  });

  it('has flows, also without check, and not where connections live on', () => {
    expect(gatewayWith('    flows: reset')?.flows).toBe('reset');
    expect(gatewayWith('    snat: none\n    flows: keep')?.flows).toBe('keep');
    expect(parseSpec(file('    snat: none\n    flows: reset'))).toMatchObject({
      kind: 'problems',
      problems: [
        {
          line: 11,
          message: 'with snat none, flows has no effect: connections live on when the member changes',
        },
      ],
    });
  });

  it('drains flows with check or mode balance, and says what is missing otherwise', () => {
    expect(gatewayWith('    flows: drain\n    check: {}')?.flows).toBe('drain');
    expect(gatewayWith('    flows: drain\n    mode: balance')?.flows).toBe('drain');
    const problemWith = (keys: string) => {
      const parsed = parseSpec(file(keys));
      return parsed.kind === 'problems'
        ? parsed.problems.map(({ line, message }) => ({ line, message }))
        : [];
    };
    expect(problemWith('    flows: drain')).toEqual([
      { line: 10, message: 'without check, flows drain has no effect: nodes send to the first member' },
    ]);
    expect(problemWith('    check: {}\n    snat: none\n    flows: drain')).toEqual([
      {
        line: 12,
        message: 'with snat none, flows has no effect: connections live on when the member changes',
      },
    ]);
    expect(problemWith('    routing: { protocol: bgp }\n    flows: drain')).toEqual([
      {
        line: 11,
        message: 'with routing by bgp, connections cannot be drained: BGP chooses the member of all packets',
      },
    ]);
  });

  it('refuses keys that have no effect with BGP', () => {
    const parsed = parseSpec(file('    routing: { protocol: bgp }\n    failback: 30s\n    check: {}'));
    expect(parsed).toMatchObject({
      kind: 'problems',
      problems: [
        { line: 11, message: 'with routing by bgp, failback has no effect: BGP chooses the member' },
        { line: 12, message: 'with routing by bgp, check has no effect: BGP chooses the member' },
      ],
    });
  });

  describe('whose network has when_down', () => {
    const withWhenDown = (value: string, keys: string): string =>
      file(keys).replace('via: office }', `via: office, when_down: ${value} }`);
    const problemsOf = (text: string): readonly string[] => {
      const parsed = parseSpec(text);
      return parsed.kind === 'problems'
        ? parsed.problems.map(({ line, message }) => `${line} ${message}`)
        : [];
    };

    it('direct, which is kept, or block, which is the default', () => {
      const networkOf = (value: string) => {
        const parsed = parseSpec(withWhenDown(value, '    check: {}'));
        return parsed.kind === 'spec' ? parsed.spec.networks['web'] : undefined;
      };
      expect(networkOf('direct')?.whenDown).toBe('direct');
      expect(networkOf('block')).toBeDefined();
      expect(networkOf('block')).not.toHaveProperty('whenDown');
      expect(problemsOf(withWhenDown('open', '    check: {}'))).toEqual([
        '4 expected block or direct, found the text "open"',
      ]);
    });

    it('direct, and nothing that finds an outage out, is refused', () => {
      expect(problemsOf(withWhenDown('direct', ''))).toEqual([
        '4 gateway office has no check: nothing finds out that none of its members works',
      ]);
      expect(problemsOf(withWhenDown('block', ''))).toEqual([]);
      expect(problemsOf(withWhenDown('direct', '    routing: { protocol: ospf }'))).toEqual([
        '4 with routing by ospf, when_down direct is not possible: nodes do not learn why gateway office announces no route',
      ]);
    });
  });
});
