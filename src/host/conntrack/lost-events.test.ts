import { expect, it } from 'vitest';
import { lostBySockets } from './lost-events.ts';

const head = 'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n';
const text = `${head}00000000e35703af 0   0          00000000 0        0        0     2        0        3872651 
00000000de4803e3 12  20811      00000000 0        0        0     2        5        3872779 
0000000011854361 12  3373317192 00000004 212480   0        0     2        39834    3872780 
00000000ed96726d 12  4171397176 00000004 0        0        0     2        17       3871400 
`;

it.each([
  ['its own socket that listens', ['3872779', '3872780'], 39_834],
  ['all of them', ['3872780', '3871400'], 39_851],
  ['nothing when it does not listen yet', ['3872779'], undefined],
  ['nothing when it is gone', [], undefined],
  ['nothing of a socket of another protocol', ['3872651'], undefined],
])('counts %s', (_, inodes, lost) => {
  expect(lostBySockets(text, new Set(inodes))).toBe(lost);
});
