/** Reads a WireGuard device. `wg show DEVICE dump` would print the private key, so each field is asked for by its name. */
import { parseSubnet } from '../../address/cidr.ts';
import type { WireguardPeer } from '../../kinds/tunnel/schema.ts';
import { keyFilePattern, publicKeyPattern } from '../../spec/values.ts';
import type { WireguardEnds } from '../../state/facts.ts';
import type { Exec } from '../ports.ts';
import { runOrFail } from '../process/exec.ts';
import { presharedKeyDigest } from './key-file.ts';

/** @param alias of the device: the paths of its key files, if it is ours */
export async function readWireguard(
  exec: Exec,
  device: string,
  alias: string | undefined,
): Promise<WireguardEnds> {
  const show = (field: string): Promise<string> => runOrFail(exec, ['wg', 'show', device, field]);
  const [publicKey, port, endpoints, allowedIps, keepalives, presharedKeys] = await Promise.all([
    show('public-key'),
    show('listen-port'),
    show('endpoints'),
    show('allowed-ips'),
    show('persistent-keepalive'),
    show('preshared-keys'),
  ]);
  const [endpointOf, allowedOf, keepaliveOf, presharedOf] = [
    endpoints,
    allowedIps,
    keepalives,
    presharedKeys,
  ].map(byPeer);
  const keys = [...(allowedOf?.keys() ?? [])].sort();
  const listenPort = Number(port);
  return {
    type: 'wireguard',
    ...keyFilesOf(alias),
    ...(publicKeyPattern.test(publicKey.trim()) ? { publicKey: publicKey.trim() } : {}),
    // A device that is down, and was never told a port, has port 0.
    ...(listenPort === 0 ? {} : { listenPort }),
    peers: keys.map((key) => ({
      ...decodePeer(key, endpointOf?.get(key), allowedOf?.get(key), keepaliveOf?.get(key)),
      ...sharedOf(presharedOf?.get(key)),
    })),
  };
}

function keyFilesOf(alias = ''): Pick<WireguardEnds, 'privateKeyFile' | 'presharedKeyFile'> {
  const [privateKeyFile = '', presharedKeyFile] = alias.split('^');
  if (!keyFilePattern.test(privateKeyFile)) return {};
  return presharedKeyFile !== undefined && keyFilePattern.test(presharedKeyFile)
    ? { privateKeyFile, presharedKeyFile }
    : { privateKeyFile };
}

/** The key itself goes no further. */
function sharedOf(key = ''): Pick<WireguardPeer, 'presharedKeyDigest'> {
  const digest = presharedKeyDigest(key);
  return digest === undefined ? {} : { presharedKeyDigest: digest };
}

/** Lines `KEY TAB VALUE`. */
function byPeer(printed: string): ReadonlyMap<string, string> {
  return new Map(
    printed.split('\n').flatMap((line): [string, string][] => {
      const [key = '', value = ''] = line.split('\t');
      return publicKeyPattern.test(key) ? [[key, value]] : [];
    }),
  );
}

function decodePeer(
  publicKey: string,
  endpoint = '',
  allowedIps = '',
  keepalive = '',
): Omit<WireguardPeer, 'presharedKeyDigest'> {
  return {
    publicKey,
    ...(/^\S+:\d+$/.test(endpoint) ? { endpoint } : {}),
    allowedIps: allowedIps
      .split(' ')
      .filter((text) => typeof parseSubnet(text) === 'string')
      .sort(),
    ...(/^\d+$/.test(keepalive) ? { keepalive: Number(keepalive) } : {}),
  };
}
