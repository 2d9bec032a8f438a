/** Ends of a tunnel, from `info_data` of `ip -j -d link`. */
import * as z from 'zod';
import { ipTunnelTypes } from '../../kinds/tunnel/schema.ts';
import type { IpTunnelEnds } from '../../state/facts.ts';
import { address } from './fields.ts';

const schema = z.object({
  type: z.enum(ipTunnelTypes),
  local: address,
  remote: address,
  ttl: z.number(),
  /** as an IPv4 address: `0.0.0.7` */
  okey: address.optional(),
});

/** @returns undefined for other kinds of links, and for a tunnel without fixed ends */
export function tunnelEnds(type: string | undefined, data: object = {}): IpTunnelEnds | undefined {
  const { data: found } = schema.safeParse({ ...data, type });
  if (!found) return undefined;
  const { okey, ...ends } = found;
  return okey === undefined ? ends : { ...ends, key: keyOf(okey) };
}

export function keyOf(okey: string): number {
  return okey.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}
