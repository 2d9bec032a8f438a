import { describe, expect, it } from 'vitest';
import { decodePolicies } from './xfrm.ts';

/** Output of iproute2 6.1: our policies, one of strongSwan, one with another mark, and a foreign block. */
const listed = `src 10.89.4.0/24 dst 0.0.0.0/0 
\tdir fwd action block priority 137 ptype main 
src 10.89.4.0/24 dst 0.0.0.0/0 
\tdir fwd priority 136 ptype main 
\tmark 0x80/0x80 
src 10.1.0.0/16 dst 10.2.0.0/16 
\tdir fwd priority 375423 ptype main 
\ttmpl src 192.0.2.1 dst 192.0.2.2
\t\tproto esp reqid 1 mode tunnel
src 10.89.5.7 dst 0.0.0.0/0 
\tdir fwd action block priority 137 ptype main 
src 10.89.6.0/24 dst 0.0.0.0/0 
\tdir fwd priority 136 ptype main 
\tmark 0x80/0xff 
src 10.89.7.0/24 dst 0.0.0.0/0 
\tdir out action block priority 137 ptype main 
src 10.89.8.0/24 dst 0.0.0.0/0 
\tdir fwd action block priority 0 ptype main 
`;

/** Policies of IPv6, which iproute2 lists separately. */
const listed6 = `src fd89:5::7/128 dst ::/0 
\tdir fwd action block priority 137 ptype main 
src fd89:4::/64 dst ::/0 
\tdir fwd action block priority 137 ptype main 
src fd89:4::/64 dst ::/0 
\tdir fwd priority 136 ptype main 
\tmark 0x80/0x80 
src fd89:6::/64 dst fd89:7::/64 
\tdir fwd action block priority 137 ptype main 
`;

const read = (text: string) => decodePolicies(['ip', 'xfrm', 'policy', 'list'], text);

describe('xfrm policies', () => {
  it('are recognised as ours by direction, priority, action and mark', () => {
    expect(read(listed)).toEqual([
      { kind: 'xfrm-policy', family: 4, from: '10.89.4.0/24' },
      { kind: 'xfrm-policy', family: 4, from: '10.89.4.0/24', bit: 0x80 },
      { kind: 'xfrm-policy', family: 4, from: '10.89.5.7/32' },
    ]);
  });

  it('are read for IPv6', () => {
    expect(read(listed6)).toEqual([
      { kind: 'xfrm-policy', family: 6, from: 'fd89:5::7/128' },
      { kind: 'xfrm-policy', family: 6, from: 'fd89:4::/64' },
      { kind: 'xfrm-policy', family: 6, from: 'fd89:4::/64', bit: 0x80 },
    ]);
  });

  it('are empty when there are none', () => {
    expect(read('')).toEqual([]);
  });

  it.each(['[]', 'src', '\n'])('are an error when ip prints anything else: %j', (text) => {
    expect(() => read(text)).toThrow('ip xfrm policy list: its output is not understood');
  });
});
