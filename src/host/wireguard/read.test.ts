import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyPairs } from '../../../tests/given/keys.ts';
import type { Exec } from '../ports.ts';
import { readWireguard } from './read.ts';

const [own, one, two] = keyPairs.map(({ publicKey }) => publicKey) as [string, string, string];
const shared = keyPairs[3].privateKey;
/** sha256 of the words of `presharedKeyDigest` and the 32 bytes of the key */
const digest = createHash('sha256')
  .update('preshared key of mustredirect ')
  .update(Buffer.from(shared, 'base64'))
  .digest('hex');

/** As wireguard-tools 1.0.20210914 prints it. */
const printed: Readonly<Record<string, string>> = {
  'public-key': `${own}\n`,
  'listen-port': '51820\n',
  endpoints: `${one}\t[2001:db8::1]:51820\n${two}\t(none)\n`,
  'allowed-ips': `${one}\t::/0 0.0.0.0/0\n${two}\t(none)\n`,
  'persistent-keepalive': `${one}\t25\n${two}\toff\n`,
  'preshared-keys': `${one}\t${shared}\n${two}\t(none)\n`,
};

function execOf(texts: Readonly<Record<string, string>>): Exec {
  return {
    run: async ([wg, show, device, field = '', ...more]) => {
      expect([wg, show, device, more]).toEqual(['wg', 'show', 'wg0', []]);
      return { exitCode: 0, stdout: texts[field] ?? '', stderr: '' };
    },
  };
}

it('reads keys, port and peers, in an order of their own', async () => {
  expect(await readWireguard(execOf(printed), 'wg0', '/etc/mustredirect/wg0.key')).toEqual({
    type: 'wireguard',
    privateKeyFile: '/etc/mustredirect/wg0.key',
    publicKey: own,
    listenPort: 51_820,
    peers: [
      { publicKey: two, allowedIps: [] },
      {
        publicKey: one,
        endpoint: '[2001:db8::1]:51820',
        allowedIps: ['0.0.0.0/0', '::/0'],
        keepalive: 25,
        presharedKeyDigest: digest,
      },
    ],
  });
});

it('reads a device without key, port and peer, with an alias that is no path', async () => {
  const empty = { ...printed, 'public-key': '(none)\n', 'listen-port': '0\n' };
  const texts = { ...empty, endpoints: '', 'allowed-ips': '', 'persistent-keepalive': '' };
  expect(await readWireguard(execOf(texts), 'wg0', 'my "tunnel"')).toEqual({ type: 'wireguard', peers: [] });
});

it('reads where both keys are from the alias, and never has the preshared key itself', async () => {
  const found = await readWireguard(execOf(printed), 'wg0', '/etc/wg0.key^/etc/wg0.psk');
  expect(found).toMatchObject({ privateKeyFile: '/etc/wg0.key', presharedKeyFile: '/etc/wg0.psk' });
  expect(JSON.stringify(found)).not.toContain(shared);
  const other = await readWireguard(execOf(printed), 'wg0', '/etc/wg0.key^my tunnel');
  expect(other).toMatchObject({ privateKeyFile: '/etc/wg0.key' });
  expect(other).not.toHaveProperty('presharedKeyFile');
});
