/** Keys of a gateway's flow log. */
import { describe, expect, it } from 'vitest';
import { hostRole } from '../topology/topology.ts';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

const file = (gateway: string): string => `version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2 }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office }
gateways:
  office:
    members: [{ host: gw1, uplink: { device: eth1 } }]
    ${gateway}
`;

function specOf(gateway: string) {
  const parsed = parseSpec(file(gateway));
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}

const mebibyte = 1024 ** 2;
const hour = 3_600_000;

describe('the flow log of a gateway', () => {
  it.each([
    ['log: flows', { size: 1024 * mebibyte, age: 720 * hour }],
    ['log: flows\n    log_limit: { size: 16MiB }', { size: 16 * mebibyte, age: 720 * hour }],
    [
      'log: flows\n    log_limit: { size: 16TiB, age: 12h }',
      { size: 16 * 1024 ** 2 * mebibyte, age: 12 * hour },
    ],
    ['log: flows\n    log_limit: { age: 3650d }', { size: 1024 * mebibyte, age: 3650 * 24 * hour }],
  ])('%s', (given, limits) => {
    const spec = specOf(given);
    expect(spec.gateways['office']?.flowLog).toEqual(limits);
    expect(hostRole(spec, 'gw1').gateways).toMatchObject([{ name: 'office', flowLog: limits }]);
    expect(hostRole(spec, 'node1').gateways).toEqual([]);
  });

  it('is off by default', () => {
    const spec = specOf('snat: none');
    expect(spec.gateways['office']).not.toHaveProperty('flowLog');
    expect(hostRole(spec, 'gw1').gateways[0]).not.toHaveProperty('flowLog');
  });

  it.each([
    ['log: all', '8:10', 'expected flows, found the text "all"'],
    ['log_limit: { size: 1GiB }', '8:5', 'without log, log_limit has no effect: no flow log is kept'],
    [
      'log: flows\n    log_limit: { size: 8MiB }',
      '9:24',
      'expected a size from 16MiB to 16TiB, found the text "8MiB"',
    ],
    [
      'log: flows\n    log_limit: { size: 1000 }',
      '9:24',
      'expected a size from 16MiB to 16TiB, found the number 1000',
    ],
    [
      'log: flows\n    log_limit: { age: 30 days }',
      '9:23',
      'expected an age from 1h to 3650d, found the text "30 days"',
    ],
    ['log: flows\n    log_limit: { ages: 30d }', '9:18', 'unknown key "ages"'],
  ])('%s is refused', (given, place, message) => {
    const text = file(given);
    const parsed = parseSpec(text);
    const found = parsed.kind === 'problems' ? formatProblems(parsed.problems, text, 'f') : '';
    expect(found).toContain(`f:${place}: `);
    expect(found).toContain(message);
  });

  it('names the units', () => {
    const parsed = parseSpec(file('log: flows\n    log_limit: { size: 1GB }'));
    expect(parsed).toMatchObject({ problems: [{ hint: 'the units are MiB, GiB, TiB' }] });
  });
});
