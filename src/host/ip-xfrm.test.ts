import { describe, expect, it } from 'vitest';
import { readPolicies } from './ip-xfrm.ts';

/** As iproute2 6.1 printed it: ours, one of strongSwan's, one with another mark, and somebody's own block. */
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

/** The same of IPv6, which it says by itself. */
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

function said(stdout: string, stderr = '') {
  return { run: () => Promise.resolve({ exitCode: stderr === '' ? 0 : 1, stdout, stderr }) };
}

describe('xfrm policies', () => {
  it('are ours by direction, priority, action and mark', async () => {
    expect(await readPolicies(said(listed), 4)).toEqual({
      xfrm: true,
      owned: [
        { kind: 'xfrm-policy', family: 4, from: '10.89.4.0/24' },
        { kind: 'xfrm-policy', family: 4, from: '10.89.4.0/24', bit: 0x80 },
        { kind: 'xfrm-policy', family: 4, from: '10.89.5.7/32' },
      ],
    });
  });

  it('are read of IPv6 as well', async () => {
    expect(await readPolicies(said(listed6), 6)).toEqual({
      xfrm: true,
      owned: [
        { kind: 'xfrm-policy', family: 6, from: 'fd89:5::7/128' },
        { kind: 'xfrm-policy', family: 6, from: 'fd89:4::/64' },
        { kind: 'xfrm-policy', family: 6, from: 'fd89:4::/64', bit: 0x80 },
      ],
    });
  });

  it('are none where there are none', async () => {
    expect(await readPolicies(said(''), 4)).toEqual({ xfrm: true, owned: [] });
  });

  it('are not to be had where the kernel has none', async () => {
    const stderr = 'Cannot open netlink socket: Protocol not supported';
    expect(await readPolicies(said('', stderr), 4)).toEqual({ xfrm: false, owned: [] });
  });

  it('are not asked of an ip that has none', async () => {
    await expect(
      readPolicies(said('', 'BusyBox v1.35.0 (Debian) multi-call binary.'), 4),
    ).rejects.toMatchObject({
      code: 'missing-tool',
    });
  });

  it('are not taken for none when they cannot be read', async () => {
    await expect(
      readPolicies(said('', 'RTNETLINK answers: No buffer space available'), 4),
    ).rejects.toMatchObject({
      code: 'failed',
    });
  });
});
