/** Reads the links of a host and their addresses. */
import * as z from 'zod';
import type { Link } from '../../state/facts.ts';
import { deviceName } from './device-name.ts';
import { address, fits, number, prefixLength } from './fields.ts';
import { readJson } from './json.ts';
import { openTunnel } from './open-tunnel.ts';
import { isPlainName, readRows } from './odd-names.ts';
import { isObject } from '../../kinds/alike.ts';
import type { Exec } from '../ports.ts';

const linkSchema = z.object({
  ifindex: number,
  ifname: deviceName,
  flags: z.array(z.string()),
  mtu: number.optional(),
  link_type: z.string().optional(),
  link: z.string().nullish(),
  link_netnsid: number.optional(),
  master: z.string().optional(),
  linkinfo: z
    .object({ info_kind: z.string().optional(), info_data: z.looseObject({}).optional() })
    .optional(),
  addr_info: z
    .array(
      z
        .object({
          local: address.optional(),
          /** the other end of a point-to-point link */
          address: address.optional(),
          prefixlen: prefixLength.optional(),
          /** made from an advertised prefix, and from time to time another one of it */
          mngtmpaddr: z.boolean().optional(),
          temporary: z.boolean().optional(),
        })
        .refine((raw) => fits(raw.local ?? raw.address ?? '::', raw.prefixlen ?? 0), 'not a prefix'),
    )
    .optional(),
});

const stackedKinds = new Set(['vlan', 'macvlan', 'ipvlan', 'macvtap', 'ipvtap']);

export async function readLinks(exec: Exec): Promise<Link[]> {
  const rows = z
    .array(z.unknown())
    .transform((given) => readRows(given.filter(hasPlainName), linkSchema, () => false).rows);
  return (await readJson(exec, ['ip', '-j', '-d', 'address', 'show'], rows)).map(decodeLink);
}

/** A device whose name cannot be written into commands is none that the file can name, and none that we made. */
function hasPlainName(raw: unknown): boolean {
  return !isObject(raw) || typeof raw['ifname'] !== 'string' || isPlainName(raw['ifname']);
}

function decodeLink(raw: z.infer<typeof linkSchema>): Link {
  const type = raw.linkinfo?.info_kind;
  const tunnel = openTunnel(type, raw.linkinfo?.info_data ?? {});
  const info = raw.addr_info ?? [];
  const peers = info.flatMap(({ address: peer, prefixlen }) =>
    peer === undefined || prefixlen === undefined ? [] : [`${peer}/${prefixlen}`],
  );
  const advertised = info.filter(({ mngtmpaddr, temporary }) => mngtmpaddr || temporary).flatMap(ownAddress);
  return {
    name: raw.ifname,
    index: raw.ifindex,
    ethernet: raw.link_type === 'ether',
    ...(raw.mtu === undefined ? {} : { mtu: raw.mtu }),
    ...(raw.flags.includes('UP') ? {} : { down: true as const }),
    ...(raw.master === undefined ? {} : { master: raw.master }),
    ...(raw.link && stackedKinds.has(type ?? '') ? { parent: raw.link } : {}),
    ...(raw.link && type === 'veth' ? { pair: raw.link } : {}),
    ...(raw.link_netnsid !== undefined && type === 'veth' ? { peerNamespace: raw.link_netnsid } : {}),
    ...(tunnel === undefined ? {} : { openTunnel: tunnel }),
    ...(type === undefined ? {} : { type }),
    addresses: info.flatMap(ownAddress),
    ...(advertised.length > 0 ? { advertised } : {}),
    ...(peers.length > 0 ? { peers } : {}),
  };
}

type AddressInfo = NonNullable<z.infer<typeof linkSchema>['addr_info']>[number];

function ownAddress({ local, prefixlen }: AddressInfo): string[] {
  return local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`];
}
