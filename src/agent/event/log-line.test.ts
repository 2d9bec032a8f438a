import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineOf, recordOfEntry } from './log-line.ts';
import { recordOf, recordOfText, recordText } from './record.ts';

const time = Date.parse('2026-11-30T12:00:00.123Z');
const record = recordOf({ kind: 'report', text: 'network web: closed', network: 'web' }, time, {
  times: 412,
  seconds: 30.2,
});

describe('a line', () => {
  it('for people has time, level, text and count', () => {
    expect(lineOf(record, 'text')).toBe(
      '2026-11-30T12:00:00.123Z warning network web: closed (412 times in 30 s)',
    );
  });

  it('for programs is one object', () => {
    expect(JSON.parse(lineOf(record, 'json'))).toEqual({
      time: '2026-11-30T12:00:00.123Z',
      level: 'warning',
      kind: 'report',
      text: 'network web: closed',
      network: 'web',
      times: 412,
      seconds: 30.2,
      message: 'network web: closed',
    });
  });

  it('for the journal has a priority, the text, and behind it the fields', () => {
    expect(lineOf(record, 'journal')).toBe(
      '<4>network web: closed (412 times in 30 s) {"kind":"report","text":"network web: closed","network":"web","times":412,"seconds":30.2}',
    );
  });

  it('is cut before the journal cuts it', () => {
    const reasons = Array.from({ length: 10_000 }, (_, i) => `network n${i}: closed`);
    const long = recordOf({ kind: 'state', healthy: false, reasons }, time);
    const line = lineOf(long, 'journal');
    expect(line.length).toBeLessThan(48 * 1024);
    expect(line).toContain('… and 9950 more');
  });
});

describe('an entry of the journal', () => {
  it.each(['json', 'journal'] as const)(
    'in the form %s is the record again, whatever its text is',
    (format) => {
      const text = fc.oneof(fc.string(), fc.constant('a {"kind":"b"} c'), fc.constant('{"kind":'));
      const repeats = fc.option(fc.record({ times: fc.integer({ min: 2 }), seconds: fc.nat() }), {
        nil: undefined,
      });
      fc.assert(
        fc.property(text, repeats, (error, counted) => {
          const written = recordOf({ kind: 'failure', error }, time, counted);
          const line = lineOf(written, format).replace(/^<3>/, '');
          const read = recordOfEntry(line, time, 3);
          expect(read).toEqual(recordOfText(JSON.stringify(written)));
        }),
      );
    },
  );

  it('that the agent has not written as a record is a message', () => {
    expect(recordOfEntry('node: out of memory', time, 6)).toEqual({
      time: '2026-11-30T12:00:00.123Z',
      level: 'info',
      kind: 'message',
      message: 'node: out of memory',
    });
    expect(recordOfEntry('odd {"kind":', time, 2)).toMatchObject({ level: 'error', kind: 'message' });
  });
});

it('says that events differ, and that they came at once', () => {
  expect(recordText({ ...record, differing: true, seconds: 0.2 })).toBe(
    'network web: closed (the last of 412 in less than 1 s)',
  );
});
