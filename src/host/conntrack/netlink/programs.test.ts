import { endianness } from 'node:os';
import { expect, it } from 'vitest';
import { hexNumber, printfNumber } from './messages.ts';
import { endsProgram, livingProgram } from './programs.ts';

const little = endianness() === 'LE';

it('numbers are in the byte order of this machine', () => {
  expect(hexNumber(4, 4)).toBe(little ? '04000000' : '00000004');
  expect(hexNumber(0x0102, 2)).toBe(little ? '0201' : '0102');
  expect(printfNumber(20, 2)).toBe(little ? '\\024\\000' : '\\000\\024');
});

it('the programs ask for the ends of flows, and for those that live', () => {
  expect(endsProgram()).toEqual([
    'socat',
    '-u',
    '-b',
    '65536',
    `SOCKET-RECV:16:3:12:x000000000000${little ? '04000000' : '00000004'},setsockopt-listen=1:33:i33554432,setsockopt-listen=270:5:i1`,
    '-',
  ]);
  expect(livingProgram().slice(4)).toEqual([
    little
      ? String.raw`\024\000\000\000\001\001\001\003\001\000\000\000\000\000\000\000\000\000\000\000`
      : String.raw`\000\000\000\024\001\001\003\001\000\000\000\001\000\000\000\000\000\000\000\000`,
    '60',
    'SOCKET-DATAGRAM:16:3:12:x00000000000000000000',
  ]);
});
