import { describe, expect, it } from 'vitest';
import { commandLine } from './command-line.ts';

describe('commandLine', () => {
  it.each([
    [['ip', '-4', 'rule', 'add', 'from', '10.89.4.0/24'], 'ip -4 rule add from 10.89.4.0/24'],
    [['sh', '-c', "echo 'a b'", ''], `sh -c 'echo '\\''a b'\\''' ''`],
    [['sh', '-c', 'exec 3<&0\nexec "$@"', 'sh', 'tcpdump'], `sh -c 'exec 3<&0 …' sh tcpdump`],
  ])('%j', (argv, expected) => {
    expect(commandLine(argv)).toBe(expected);
  });
});
