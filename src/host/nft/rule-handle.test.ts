import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { matchRule } from './rule-handle.ts';

const listing = readFileSync(new URL('fixtures/nft-trace/user-chain-table.txt', import.meta.url), 'utf8');

describe('the rule in a trace', () => {
  it.each([
    [
      'ip saddr 10.89.4.0/24 counter packets 0 bytes 0 drop',
      { text: 'ip saddr 10.89.4.0/24 counter drop', handle: 4 },
    ],
    [
      'oifname "eth0"  counter packets 5 bytes 9 jump MYCHAIN',
      { text: 'oifname "eth0" counter jump MYCHAIN', handle: 6 },
    ],
    ['unknown rule handle 5', { text: 'ct state invalid counter drop', handle: 5 }],
    [
      'oifname "eth0"  counter packets 5 bytes 9 ',
      { text: 'oifname "eth0" counter jump MYCHAIN', handle: 6 },
    ],
    ['unknown rule handle 99', { text: 'unknown rule handle 99', handle: 99 }],
    ['a rule that is gone', { text: 'a rule that is gone' }],
  ])('is found by its text: %s', (traced, expected) => {
    expect(matchRule(listing, traced)).toEqual(expected);
  });
});
