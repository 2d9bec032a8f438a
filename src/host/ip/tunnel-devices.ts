/** Reads tunnel devices, ours and those of other programs, with their counters. */
import * as z from 'zod';
import type { Exec } from '../ports.ts';
import { type Ends, tunnelKinds } from './encapsulations.ts';
import { address, number } from './fields.ts';
import { decodeJson } from './json.ts';
import { keyOf } from './tunnel-ends.ts';
import { readFarEnd } from '../wireguard/read-far-end.ts';

export interface TunnelDevice extends Ends {
  readonly device: string;
  /** bytes */
  readonly mtu: number;
  readonly sent: Sent;
  readonly received: Received;
}

export interface Sent {
  readonly packets: number;
  readonly bytes: number;
  /** packets without a route to the far end */
  readonly unrouted: number;
  /** packets whose route to the far end led through the tunnel itself */
  readonly circles: number;
}

export interface Received {
  readonly packets: number;
  readonly bytes: number;
  /** packets whose GRE checksum is wrong, or there where this end has none, or the reverse */
  readonly checksum: number;
  /** the same with sequence numbers */
  readonly sequence: number;
}

const count = z.number().default(0);
/** absent, or `any`: every address */
const end = z
  .enum(['any', '0.0.0.0', '::'])
  .transform(() => undefined)
  .or(address)
  .optional();
const ends = { remote: end, local: end, okey: address.optional() };

const schema = z.object({
  ifname: z.string(),
  mtu: number,
  linkinfo: z.object({ info_kind: z.enum(tunnelKinds), info_data: z.object(ends).default({}) }),
  // drivers of tunnels count under the names of Ethernet [net/ipv4/ip_tunnel.c]
  stats64: z.object({
    rx: z.object({ packets: count, bytes: count, crc_errors: count, fifo_errors: count }),
    tx: z.object({ packets: count, bytes: count, carrier_errors: count, collisions: count }),
  }),
});

/** Devices that are there, and are tunnels to a known address. */
export async function readTunnelDevices(exec: Exec, devices: readonly string[]): Promise<TunnelDevice[]> {
  const found = await Promise.all([...new Set(devices)].map((device) => readTunnelDevice(exec, device)));
  return found.filter((one) => one !== undefined);
}

async function readTunnelDevice(exec: Exec, device: string): Promise<TunnelDevice | undefined> {
  const argv = ['ip', '-j', '-d', '-s', '-s', 'link', 'show', 'dev', device];
  const { exitCode, stdout } = await exec.run(argv);
  if (exitCode !== 0) return undefined;
  const { data } = schema.safeParse(decodeJson(argv, stdout, z.array(z.unknown()))[0]);
  if (data?.linkinfo.info_kind !== 'wireguard') return data && decode(data, data.linkinfo.info_data);
  return decode(data, await readFarEnd(exec, device));
}

type RawEnds = z.infer<typeof schema>['linkinfo']['info_data'] & Pick<Ends, 'wireguard'>;

function decode(
  { ifname, mtu, linkinfo, stats64 }: z.infer<typeof schema>,
  { local, remote, okey, wireguard }: RawEnds,
): TunnelDevice | undefined {
  if (remote === undefined) return undefined;
  const { rx, tx } = stats64;
  return {
    device: ifname,
    kind: linkinfo.info_kind,
    ...(local === undefined ? {} : { local }),
    remote,
    ...(okey === undefined ? {} : { key: keyOf(okey) }),
    ...(wireguard ? { wireguard } : {}),
    mtu,
    sent: { packets: tx.packets, bytes: tx.bytes, unrouted: tx.carrier_errors, circles: tx.collisions },
    received: {
      packets: rx.packets,
      bytes: rx.bytes,
      checksum: rx.crc_errors,
      sequence: rx.fifo_errors,
    },
  };
}
