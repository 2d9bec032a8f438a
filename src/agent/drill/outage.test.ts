import { expect, it } from 'vitest';
import { outageBetween, readAnswers } from './outage.ts';

const text = `PING 203.0.113.10 (203.0.113.10) from 10.89.4.9 : 56(84) bytes of data.
[1795991099.100000] 64 bytes from 203.0.113.10: icmp_seq=1 ttl=62 time=0.051 ms
[1795991099.110000] 64 bytes from 203.0.113.10: icmp_seq=2 ttl=62 time=0.051 ms
[1795991099.120000] no answer yet for icmp_seq=2
[1795991099.290000] 64 bytes from 203.0.113.10: icmp_seq=20 ttl=62 time=0.051 ms
[1795991099.300000] 64 bytes from 203.0.113.10: icmp_seq=21 ttl=62 time=0.051 ms
`;

it('finds the longest time without an answer, and how many pings were lost', () => {
  expect(outageBetween(readAnswers(text), [1, 21], 10)).toEqual({ sent: 21, lost: 17, longest: 170 });
});

it('counts only the pings between two numbers', () => {
  expect(outageBetween(readAnswers(text), [20, 21], 10)).toEqual({ sent: 2, lost: 0, longest: 0 });
});

it('reads IPv6, and answers in another order', () => {
  const answers = readAnswers(
    '[2.02] 64 bytes from 2001:db8::1: icmp_seq=3 ttl=62 time=9 ms\n[2.01] 64 bytes from 2001:db8::1: icmp_seq=2 ttl=62 time=9 ms\n',
  );
  expect(outageBetween(answers, [2, 3], 10)).toEqual({ sent: 2, lost: 0, longest: 0 });
});

it('has nothing to say without answers', () => {
  expect(outageBetween([], [1, 5], 10)).toEqual({ sent: 5, lost: 5, longest: 0 });
});

it('goes on where the numbers of ping begin again, after 65535', () => {
  const numbers = [1, 30_000, 60_000, 65_534, 65_535, 1, 2];
  const lines = numbers.map(
    (number, i) => `[${i}.00] 64 bytes from 203.0.113.10: icmp_seq=${number} ttl=62 time=1 ms\n`,
  );
  expect(readAnswers(lines.join('')).map(({ number }) => number)).toEqual([
    1, 30_000, 60_000, 65_534, 65_535, 65_537, 65_538,
  ]);
});
