import { expect, it } from 'vitest';
import { protocolName, protocolOfText } from './protocols.ts';

it.each([
  ['tcp', 'tcp'],
  ['UDP', 'udp'],
  ['6', 'tcp'],
  ['006', 'tcp'],
  ['99', '99'],
  ['256', undefined],
  ['foo', undefined],
  ['', undefined],
])('%j is %s', (text, name) => {
  expect(protocolOfText(text)).toBe(name);
});

it('a protocol without a name is its number', () => {
  expect([6, 99].map(protocolName)).toEqual(['tcp', '99']);
});
