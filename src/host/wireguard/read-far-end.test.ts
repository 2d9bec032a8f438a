import { describe, expect, it } from 'vitest';
import { recordedHost } from '../../engines/recorded-host.ts';
import { readFarEnd } from './read-far-end.ts';

const peer = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const own = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';

function read(endpoints: string, handshakes: string, key = own) {
  const show = { 'public-key': key, endpoints, 'latest-handshakes': handshakes };
  const outputs = Object.fromEntries(
    Object.entries(show).map(([field, text]) => [`wg show wg0 ${field}`, `${text}\n`]),
  );
  return readFarEnd(recordedHost({ outputs }).exec, 'wg0');
}

describe('readFarEnd', () => {
  it('reads address, port and time of the handshake', async () => {
    expect(await read(`${peer}\t198.51.100.1:51820`, `${peer}\t1795950000`)).toEqual({
      remote: '198.51.100.1',
      wireguard: { port: 51820, publicKey: own, handshake: 1_795_950_000 },
    });
    expect(await read(`${peer}\t[2001:db8::2]:51820`, `${peer}\t0`, '(none)')).toEqual({
      remote: '2001:db8::2',
      wireguard: { port: 51820 },
    });
  });

  it.each([
    ['without a peer', ''],
    ['with a peer that has not called yet', `${peer}\t(none)`],
    ['with two peers', `${peer}\t198.51.100.1:1\n${own}\t198.51.100.2:1`],
  ])('is empty for a device %s', async (_, endpoints) => {
    expect(await read(endpoints, '')).toEqual({});
  });

  it('is empty without wg', async () => {
    expect(await readFarEnd(recordedHost({}).exec, 'wg0')).toEqual({});
  });
});
