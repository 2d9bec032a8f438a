import { describe, expect, it } from 'vitest';
import type { Spec } from '../spec/spec.ts';
import { whichHost } from './which-host.ts';

const spec: Spec = {
  hosts: { node1: ['192.168.50.10'], gw1: ['192.168.50.2', 'fd00::2'] },
  networks: {},
  gateways: {},
};

describe('whichHost', () => {
  it.each([
    [['127.0.0.1/8', '192.168.50.10/24'], 'node1'],
    [['fd00::2/64'], 'gw1'],
    [['192.168.50.2', 'fd00::2'], 'gw1'],
  ])('returns the host with one of the addresses: %j', (addresses, name) => {
    expect(whichHost(spec, { addresses })).toBe(name);
  });

  it('returns the requested host, for any addresses', () => {
    const asked = { name: 'gw1', by: '--host' };
    expect(whichHost(spec, { asked, addresses: ['192.168.50.10/24'] })).toBe('gw1');
  });

  it('refuses a host that the file does not have', () => {
    const asked = { name: 'node7', by: 'MUSTREDIRECT_HOST' };
    expect(() => whichHost(spec, { asked, addresses: [] })).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'MUSTREDIRECT_HOST: no host node7 in the file',
        hint: 'the file has node1, gw1',
      }),
    );
  });

  it.each([
    [['10.0.0.1/8'], 'no host in the file has an address of this machine', '10.0.0.1'],
    [[], 'no host in the file has an address of this machine', 'no address'],
    [
      ['192.168.50.10/24', 'fd00::2/64'],
      'several hosts in the file have addresses of this machine: node1, gw1',
      '192.168.50.10, fd00::2',
    ],
  ])('fails with %j, and the error lists the addresses', (addresses, message, compared) => {
    expect(() => whichHost(spec, { addresses })).toThrow(
      expect.objectContaining({
        code: 'usage',
        message,
        hint: `this machine has ${compared}; the file has node1 192.168.50.10, gw1 192.168.50.2 fd00::2; say which with --host NAME or MUSTREDIRECT_HOST`,
      }),
    );
  });
});
