import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenFlow } from '../../../tests/given/netlink.ts';
import { flowLine, textOfLine } from './line.ts';
import { blurs, concerns, isAskedFor, livedIn, mayAnswer } from './question.ts';
import { timeRangeOf } from '../time-range.ts';

const always = { from: -Infinity, until: Infinity };
const line = flowLine({ gateway: 'office', network: 'web', node: 'node1' }, givenFlow());
const at = (text: string) => timeRangeOf(text) ?? { from: NaN, until: NaN };

describe('a time', () => {
  let zone: string | undefined;
  beforeAll(() => {
    zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Kolkata';
  });
  afterAll(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it.each([
    ['2026-11-30T03:14Z', '2026-11-30T03:14:00.000Z', '2026-11-30T03:14:59.999Z'],
    ['2026-11-30 03:14Z', '2026-11-30T03:14:00.000Z', '2026-11-30T03:14:59.999Z'],
    ['2026-11-30T03:14:05Z', '2026-11-30T03:14:05.000Z', '2026-11-30T03:14:05.999Z'],
    ['2026-11-30T03:14:05.1Z', '2026-11-30T03:14:05.100Z', '2026-11-30T03:14:05.199Z'],
    ['2026-11-30T03:14:05.123Z', '2026-11-30T03:14:05.123Z', '2026-11-30T03:14:05.123Z'],
    ['2026-11-30T03:14+01:00', '2026-11-30T02:14:00.000Z', '2026-11-30T02:14:59.999Z'],
    ['2026-11-30T03:14', '2026-11-29T21:44:00.000Z', '2026-11-29T21:44:59.999Z'],
    ['2026-11-30', '2026-11-29T18:30:00.000Z', '2026-11-30T18:29:59.999Z'],
  ])('%s', (text, from, until) => {
    expect(timeRangeOf(text)).toEqual({ from: Date.parse(from), until: Date.parse(until) });
  });

  it.each([
    '',
    'yesterday',
    '2026-13-01',
    '2026-11-30T25:00',
    '2026-11-30T03',
    '03:14',
    '2026-11-30T03:14:05.1234Z',
  ])('is not %j', (text) => expect(timeRangeOf(text)).toBeUndefined());
});

describe('a flow', () => {
  it.each([
    [{ address: '198.51.100.6', port: 40_123 }, true],
    [{ address: '10.89.4.7', port: 5000 }, true],
    [{ address: '203.0.113.10', port: 53 }, true],
    [{ address: '198.51.100.6' }, true],
    [{ port: 5000 }, true],
    [{ address: '198.51.100.6', port: 5000 }, false],
    [{ address: '198.51.100.6', port: 53 }, false],
    [{ address: '198.51.100.7' }, false],
    [{ port: 40_124 }, false],
    [{ to: '203.0.113.10' }, true],
    [{ to: '10.89.4.7' }, false],
    [{ protocol: 'udp' }, true],
    [{ protocol: 'tcp' }, false],
    [{}, true],
  ])('with %j: %s', (question, is) => {
    expect(isAskedFor(line, { ...always, ...question })).toBe(is);
    // A piece that is skipped has no answer.
    const isRead = mayAnswer({ ...always, ...question })(`x\n${textOfLine(line)}\n`);
    expect(isRead || !is).toBe(true);
  });

  it.each([
    ['2026-11-30T03:14Z', true],
    ['2026-11-30T03:13Z', true],
    ['2026-11-30T03:12Z', false],
    ['2026-11-30T03:15Z', false],
    ['2026-11-30T03:14:28.200Z', true],
    ['2026-11-30T03:14:28.201Z', false],
    ['2026-11-30T03:13:58.099Z', false],
  ])('lived at %s: %s', (time, lived) => {
    expect(livedIn(line, at(time))).toBe(lived);
  });

  it('without an end may live on, without a begin may have lived before', () => {
    const { end: _, ...young } = line;
    const { begin: __, ...old } = line;
    expect(livedIn(young, at('2027-01-01T00:00Z'))).toBe(true);
    expect(livedIn(young, at('2026-11-30T03:12Z'))).toBe(false);
    expect(livedIn(old, at('2020-01-01T00:00Z'))).toBe(true);
    expect(livedIn(old, at('2026-11-30T03:15Z'))).toBe(false);
  });

  it('that ended before it began, since the clock was set back, may have lived before', () => {
    const turned = { ...line, begin: '2026-11-30T04:00:00.000Z' };
    expect(livedIn(turned, at('2026-11-30T03:12Z'))).toBe(true);
    expect(livedIn(turned, at('2026-11-30T03:15Z'))).toBe(false);
  });

  it('lived in a time that shares a moment with its own', () => {
    const time = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(time, time, time, time, (begin, length, from, asked) => {
        const [end, until] = [begin + length, from + asked];
        const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
        const moments = Array.from({ length: 101 }, (_, i) => i);
        const shared = moments.some((now) => now >= begin && now <= end && now >= from && now <= until);
        expect(livedIn({ ...line, begin: iso(begin), end: iso(end) }, { from, until })).toBe(shared);
      }),
    );
  });
});

describe('a gap', () => {
  const gap = {
    kind: 'gap',
    from: '2026-11-30T03:14:00.000Z',
    to: '2026-11-30T03:15:00.000Z',
    why: '',
  } as const;

  it.each([
    ['2026-11-30T03:14:30Z', true],
    // A flow that began a minute before has a line.
    ['2026-11-30T03:13:30Z', true],
    ['2026-11-30T03:12:58Z', false],
    ['2026-11-30T03:15:01Z', false],
  ])('concerns %s: %s', (time, is) => {
    expect(concerns(gap, at(time))).toBe(is);
    expect(mayAnswer({ ...at(time), address: '192.0.2.1' })(textOfLine(gap))).toBe(true);
  });
});

it('a step of the clock blurs as much time as it is long', () => {
  const step = { kind: 'clock', time: '2026-11-30T03:00:00.000Z', seconds: -3600 } as const;
  expect(blurs(step, at('2026-11-30T03:59Z'))).toBe(true);
  expect(blurs(step, at('2026-11-30T02:01Z'))).toBe(true);
  expect(blurs(step, at('2026-11-30T04:01Z'))).toBe(false);
  expect(blurs(step, at('2026-11-30T01:58Z'))).toBe(false);
  expect(mayAnswer({ ...always, port: 1 })(textOfLine(step))).toBe(true);
});
