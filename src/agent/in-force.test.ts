import { expect, it } from 'vitest';
import type { Applied, History } from '../apply/history.ts';
import { fileInForce } from './in-force.ts';

const file = '/etc/mustredirect/mustredirect.yaml';
const applied = (hash: string): Applied => ({
  file,
  text: hash,
  hash,
  host: 'node1',
  numbers: { gateways: { office: { table: 300, mark: 1 } } },
});
const source = (hash: string) => ({ source: { file, text: hash, hash, host: 'node1' } });
const history = (hashes: readonly string[], ...givenUp: string[]): History => ({
  entries: [],
  applied: hashes.map(applied),
  older: false,
  ...(givenUp.length === 0 ? {} : { givenUp }),
});

it.each([
  ['nothing, before the first apply', history([]), source('a'), { kind: 'nothing' }],
  ['nothing, whatever the file is', history([]), { problem: 'wrong' }, { kind: 'nothing' }],
  [
    'what was applied, with its tables and marks',
    history(['a', 'b']),
    source('b'),
    { kind: 'file', source: applied('b') },
  ],
  ['a changed file', history(['a']), source('b'), { kind: 'file', ...source('b') }],
  [
    'what was applied last, when the file is wrong',
    history(['a']),
    { problem: 'wrong' },
    { kind: 'file', source: applied('a'), problem: 'wrong' },
  ],
  [
    'what was applied before, when the file was undone',
    history(['a'], 'b'),
    source('b'),
    { kind: 'file', source: applied('a'), problem: `${file}: was applied and undone` },
  ],
])('%s', (_, given, now, inForce) => {
  expect(fileInForce(given, now)).toEqual(inForce);
});
