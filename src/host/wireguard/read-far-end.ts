/** Reads where the only peer of a WireGuard device is, and when there was a handshake with it. */
import { type Address, parseAddress } from '../../address/cidr.ts';
import { publicKeyPattern } from '../../spec/values.ts';
import type { WireguardState } from '../ip/encapsulations.ts';
import { ifInstalled } from '../process/missing-program.ts';
import type { Exec } from '../ports.ts';

interface FarEnd {
  readonly remote?: Address;
  readonly wireguard?: WireguardState;
}

/** Empty if there are several peers, or none whose address is known. */
export async function readFarEnd(exec: Exec, device: string): Promise<FarEnd> {
  const show = async (field: string): Promise<string> =>
    (await ifInstalled(exec.run(['wg', 'show', device, field])))?.stdout.trim() ?? '';
  const [key, endpoints, handshakes] = await Promise.all(
    ['public-key', 'endpoints', 'latest-handshakes'].map(show),
  );
  const [, address, port] = /^\S+\t\[?([^\s\]]+)\]?:(\d+)$/.exec(endpoints ?? '') ?? [];
  const remote = parseAddress(address ?? '');
  if (remote === undefined) return {};
  const handshake = Number(/\t(\d+)$/.exec(handshakes ?? '')?.[1] ?? 0);
  return {
    remote,
    wireguard: {
      port: Number(port),
      ...(publicKeyPattern.test(key ?? '') ? { publicKey: key ?? '' } : {}),
      ...(handshake === 0 ? {} : { handshake }),
    },
  };
}
