import { expect, it } from 'vitest';
import { otherHost } from './other-host.ts';

const link = { name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.10/24', 'fd00::1/64'] };
const role = (...addresses: string[]) => ({ host: 'nas', addresses, networks: [], gateways: [] });

it('warns if this machine has none of the host’s addresses', () => {
  expect(otherHost(role('192.168.50.77'), { links: [link] })).toEqual([
    {
      message: 'host nas has 192.168.50.77 in the file, and this machine has no such address',
      hint: expect.stringContaining('--host') as unknown,
    },
  ]);
});

it('does not warn if it has one of them, or without a file', () => {
  expect(otherHost(role('192.168.50.10', 'fd00::77'), { links: [link] })).toEqual([]);
  expect(otherHost(role(), { links: [link] })).toEqual([]);
});
