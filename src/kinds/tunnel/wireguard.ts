/** WireGuard tunnels as arguments of `wg set DEVICE`, and in words. The private key itself is in neither. */
import { isAlike } from '../alike.ts';
import type { Wireguard, WireguardPeer } from './schema.ts';

/** For a device that is made now. */
export const newDevice: Pick<Wireguard, 'peers'> & Partial<Wireguard> = { peers: [] };

/** Arguments that make the second of the first; empty when they are alike. */
export function wireguardArguments(
  from: Pick<Wireguard, 'peers'> & Partial<Wireguard>,
  to: Wireguard,
): string[] {
  return [
    ...(from.publicKey === to.publicKey ? [] : keyArguments(to)),
    ...(to.listenPort === undefined || from.listenPort === to.listenPort
      ? []
      : ['listen-port', String(to.listenPort)]),
    ...from.peers
      .filter(({ publicKey }) => !peerOf(to, publicKey))
      .flatMap(({ publicKey }) => ['peer', publicKey, 'remove']),
    ...to.peers.filter((peer) => !isAlike(peer, peerOf(from, peer.publicKey))).flatMap(peerArguments),
  ];
}

/** `wg` takes the key away when the file is empty. A key whose file is not known cannot be set. */
function keyArguments({ publicKey, privateKeyFile }: Wireguard): string[] {
  if (publicKey === undefined) return ['private-key', '/dev/null'];
  return privateKeyFile === undefined ? [] : ['private-key', privateKeyFile];
}

function peerArguments({ publicKey, endpoint, allowedIps, keepalive }: WireguardPeer): string[] {
  return [
    'peer',
    publicKey,
    ...(endpoint === undefined ? [] : ['endpoint', endpoint]),
    'persistent-keepalive',
    keepalive === undefined ? 'off' : String(keepalive),
    'allowed-ips',
    allowedIps.join(','),
  ];
}

function peerOf({ peers }: Pick<Wireguard, 'peers'>, key: string): WireguardPeer | undefined {
  return peers.find(({ publicKey }) => publicKey === key);
}

export function printWireguard({ publicKey, privateKeyFile, listenPort, peers }: Wireguard): string {
  return [
    `wireguard with public key ${publicKey ?? '(none)'} of ${privateKeyFile ?? 'an unknown file'}`,
    ...(listenPort === undefined ? [] : [`port ${listenPort}`]),
    ...peers.map(printPeer),
  ].join(', ');
}

function printPeer({ publicKey, endpoint, allowedIps, keepalive }: WireguardPeer): string {
  return [
    `peer ${publicKey}`,
    ...(endpoint === undefined ? [] : [`at ${endpoint}`]),
    `for ${allowedIps.join(' ') || 'nothing'}`,
    ...(keepalive === undefined ? [] : [`keepalive ${keepalive} s`]),
  ].join(' ');
}
