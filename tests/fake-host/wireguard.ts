/** `wg set` and `wg show` of wireguard-tools 1.0. */
import type { Output } from '../../src/host/ports.ts';
import { publicKeyOf } from '../../src/host/wireguard/key-file.ts';
import { type FakeState, type FakeWireguard, type FakePeer, unknownToFake } from './state.ts';

export function runWg(state: FakeState, args: readonly string[], changed: (what: string) => void): Output {
  const [verb, device = '', ...rest] = args;
  if (verb === '--version')
    return done('wireguard-tools v1.0.20210914 - https://git.zx2c4.com/wireguard-tools/\n');
  const at = state.links.findIndex(({ name, tunnel }) => name === device && tunnel?.type === 'wireguard');
  const link = state.links[at];
  if (link?.tunnel?.type !== 'wireguard') {
    return failed(`Unable to ${verb === 'set' ? 'modify' : 'access'} interface: No such device`);
  }
  if (verb === 'show') return done(show(link.tunnel, rest));
  if (verb !== 'set') return unknownToFake(`wg ${args.join(' ')}`);
  const tunnel = set(state, link.tunnel, rest);
  if (typeof tunnel === 'string') return failed(tunnel);
  state.links = state.links.with(at, { ...link, tunnel });
  changed(`wg ${args.join(' ')}`);
  return done('');
}

function set(state: FakeState, before: FakeWireguard, words: readonly string[]): FakeWireguard | string {
  let tunnel = before;
  let peer: string | undefined;
  const setPeer = (change: Partial<FakePeer>): void => {
    if (peer === undefined) return unknownToFake(`wg set without peer`);
    const known = tunnel.peers[peer] ?? { allowedIps: [] };
    const peers = { ...tunnel.peers, [peer]: { ...known, ...change } };
    const sorted = Object.entries(peers).sort(([a], [b]) => (a < b ? -1 : 1));
    tunnel = { ...tunnel, peers: Object.fromEntries(sorted) };
  };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === 'remove') {
      const others = Object.entries(tunnel.peers).filter(([key]) => key !== peer);
      tunnel = { ...tunnel, peers: Object.fromEntries(others) };
      continue;
    }
    const value = rest.shift() ?? unknownToFake(`wg set ... ${word}`);
    switch (word) {
      case 'private-key': {
        const text = value === '/dev/null' ? '' : state.files.get(value);
        if (text === undefined) return `fopen: No such file or directory`;
        const publicKey = publicKeyOf(text);
        if (text !== '' && publicKey === undefined)
          return `Key is not the correct length or format: \`${text}'`;
        tunnel = { ...tunnel, publicKey };
        break;
      }
      case 'listen-port':
        tunnel = { ...tunnel, port: Number(value) };
        break;
      case 'peer':
        peer = value;
        if (rest[0] !== 'remove') setPeer({});
        break;
      case 'preshared-key': {
        const text = value === '/dev/null' ? '' : state.files.get(value);
        if (text === undefined) return `fopen: No such file or directory`;
        if (text !== '' && publicKeyOf(text) === undefined)
          return `Key is not the correct length or format: \`${text}'`;
        setPeer({ presharedKey: text === '' ? undefined : text.trim() });
        break;
      }
      case 'endpoint':
        setPeer({ endpoint: value });
        break;
      case 'persistent-keepalive':
        setPeer({ keepalive: value });
        break;
      case 'allowed-ips':
        setPeer({ allowedIps: value.split(',').filter(Boolean) });
        break;
      default:
        return unknownToFake(`wg set ... ${word}`);
    }
  }
  return tunnel;
}

function show({ publicKey, port, peers }: FakeWireguard, [field = '', ...more]: readonly string[]): string {
  const byPeer = (text: (peer: FakePeer) => string): string =>
    Object.entries(peers)
      .map(([key, peer]) => `${key}\t${text(peer)}\n`)
      .join('');
  if (more.length > 0) return unknownToFake(`wg show ... ${more.join(' ')}`);
  switch (field) {
    case 'public-key':
      return `${publicKey ?? '(none)'}\n`;
    case 'listen-port':
      return `${port}\n`;
    case 'endpoints':
      return byPeer(({ endpoint = '(none)' }) => endpoint);
    case 'allowed-ips':
      return byPeer(({ allowedIps }) => allowedIps.join(' ') || '(none)');
    case 'persistent-keepalive':
      return byPeer(({ keepalive = 'off' }) => keepalive);
    case 'preshared-keys':
      return byPeer(({ presharedKey = '(none)' }) => presharedKey);
    case 'latest-handshakes':
      return byPeer(() => '0');
    default:
      return unknownToFake(`wg show ... ${field}`);
  }
}

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}

function failed(message: string): Output {
  return { exitCode: 1, stdout: '', stderr: `${message}\n` };
}
