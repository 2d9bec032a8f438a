/** Sends echo requests that fill the MTU of a tunnel, and must not be fragmented. */
import { type Address, familyOf } from '../../address/cidr.ts';
import { encapsulationOf } from '../../host/ip/encapsulations.ts';
import type { TunnelDevice } from '../../host/ip/tunnel-devices.ts';
import { ifInstalled } from '../../host/process/missing-program.ts';
import type { Exec, Output } from '../../host/ports.ts';
import { decodePing } from '../probe/ping.ts';
import type { FullSize } from './observation.ts';

/** MTUs of usual underlays: PPPoE, cloud networks, other tunnels, and the least of IPv6 */
const usualMtus = [1492, 1480, 1460, 1450, 1440, 1420, 1400, 1380, 1350, 1300, 1280];

export async function sendFullSize(exec: Exec, tunnel: TunnelDevice, target: Address): Promise<FullSize> {
  const { device, mtu } = tunnel;
  // The first one may teach the kernel the MTU of the path, which the second one then gets told.
  const output = await pingWhole(exec, device, target, mtu, 3);
  const found = output && decodeFullSize(output.stdout + output.stderr);
  if (!found) return { kind: 'not-sent' };
  if (found.kind !== 'lost') return found;
  const { overhead } = encapsulationOf(tunnel);
  const smaller = usualMtus.map((usual) => usual - overhead).filter((inner) => inner < mtu);
  const answered = await Promise.all(
    smaller.map(async (inner) => {
      const one = await pingWhole(exec, device, target, inner, 1);
      return one !== undefined && decodePing(one.stdout) !== undefined ? [inner] : [];
    }),
  );
  const [largest] = answered.flat();
  return { kind: 'lost', ...(largest === undefined ? {} : { largest }) };
}

function pingWhole(
  exec: Exec,
  device: string,
  target: Address,
  length: number,
  count: number,
): Promise<Output | undefined> {
  const headers = (familyOf(target) === 4 ? 20 : 40) + 8;
  const often = ['-c', `${count}`, '-i', '0.2', '-W', '1'];
  const argv = ['ping', ...often, '-M', 'do', '-I', device, '-s', `${length - headers}`, target];
  return ifInstalled(exec.run(argv, { timeout: 10_000 }));
}

/** Undefined for output of a ping without `-M`. */
export function decodeFullSize(output: string): FullSize | undefined {
  if (decodePing(output) !== undefined) return { kind: 'passed' };
  // `Frag needed and DF set (mtu = 1372)`, `message too long, mtu=1372`, `Packet too big: mtu=1372`
  const mtu = /\bmtu ?= ?(\d+)/.exec(output)?.[1];
  if (mtu !== undefined) return { kind: 'refused', mtu: Number(mtu) };
  return /\d+ packets transmitted/.test(output) ? { kind: 'lost' } : undefined;
}
