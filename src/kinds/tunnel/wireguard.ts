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
    ...to.peers
      .filter((peer) => !isAlike(peer, peerOf(from, peer.publicKey)))
      .flatMap((peer) => peerArguments(peer, presharedArguments(peerOf(from, peer.publicKey), peer, to))),
  ];
}

/** `wg` takes the key away when the file is empty. A key whose file is not known cannot be set. */
function keyArguments({ publicKey, privateKeyFile }: Wireguard): string[] {
  if (publicKey === undefined) return ['private-key', '/dev/null'];
  return privateKeyFile === undefined ? [] : ['private-key', privateKeyFile];
}

function peerArguments(
  { publicKey, endpoint, allowedIps, keepalive }: WireguardPeer,
  preshared: readonly string[],
): string[] {
  return [
    'peer',
    publicKey,
    ...preshared,
    ...(endpoint === undefined ? [] : ['endpoint', endpoint]),
    'persistent-keepalive',
    keepalive === undefined ? 'off' : String(keepalive),
    'allowed-ips',
    allowedIps.join(','),
  ];
}

/** As for the private key. */
function presharedArguments(
  from: WireguardPeer | undefined,
  { presharedKeyDigest }: WireguardPeer,
  { presharedKeyFile }: Wireguard,
): string[] {
  if (from?.presharedKeyDigest === presharedKeyDigest) return [];
  if (presharedKeyDigest === undefined) return ['preshared-key', '/dev/null'];
  return presharedKeyFile === undefined ? [] : ['preshared-key', presharedKeyFile];
}

function peerOf({ peers }: Pick<Wireguard, 'peers'>, key: string): WireguardPeer | undefined {
  return peers.find(({ publicKey }) => publicKey === key);
}

export function printWireguard(tunnel: Wireguard): string {
  const { publicKey, privateKeyFile, presharedKeyFile, listenPort, peers } = tunnel;
  return [
    `wireguard with public key ${publicKey ?? '(none)'} of ${privateKeyFile ?? 'an unknown file'}`,
    ...(listenPort === undefined ? [] : [`port ${listenPort}`]),
    ...peers.map((peer) => printPeer(peer, presharedKeyFile)),
  ].join(', ');
}

function printPeer(
  { publicKey, endpoint, allowedIps, keepalive, presharedKeyDigest }: WireguardPeer,
  presharedKeyFile = 'an unknown file',
): string {
  return [
    `peer ${publicKey}`,
    ...(endpoint === undefined ? [] : [`at ${endpoint}`]),
    `for ${allowedIps.join(' ') || 'nothing'}`,
    ...(keepalive === undefined ? [] : [`keepalive ${keepalive} s`]),
    ...(presharedKeyDigest === undefined
      ? []
      : // Two keys of one path must not look alike.
        [`with preshared key ${presharedKeyDigest.slice(0, 8)} of ${presharedKeyFile}`]),
  ].join(' ');
}
