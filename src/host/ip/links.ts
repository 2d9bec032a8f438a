/** Reads the links of a host and their addresses. */
import * as z from 'zod';
import type { Link } from '../../state/facts.ts';
import { deviceName } from './device-name.ts';
import { address, fits, number, prefixLength } from './fields.ts';
import { readJson } from './json.ts';
import { openTunnel } from './open-tunnel.ts';
import { tunnelEnds } from './tunnel-ends.ts';
import { readWireguard } from '../wireguard/read.ts';
import { isPlainName, readRows } from './odd-names.ts';
import { isObject } from '../../kinds/alike.ts';
import { ownLinkGroup } from '../../kinds/ownership.ts';
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
  ifalias: z.string().optional(),
  /** as a number, since `-N` asks for no names of /etc/iproute2/group */
  group: z.unknown().optional(),
  linkinfo: z
    .object({ info_kind: z.string().optional(), info_data: z.looseObject({}).optional() })
    .optional(),
  addr_info: z
    .array(
      z
        .object({
          local: address.optional(),
          /** peer address of a point-to-point link */
          address: address.optional(),
          prefixlen: prefixLength.optional(),
          /** managed temporary address: made from an advertised prefix, and replaced from time to time */
          mngtmpaddr: z.boolean().optional(),
          temporary: z.boolean().optional(),
        })
        .refine((raw) => fits(raw.local ?? raw.address ?? '::', raw.prefixlen ?? 0), 'not a prefix'),
    )
    .optional(),
});

const stackedKinds = new Set(['vlan', 'macvlan', 'ipvlan', 'macvtap', 'ipvtap']);

/** A link as `ip` shows it: the kernel tells of its changes. */
export interface PlainLink extends Link {
  readonly alias?: string | undefined;
}

export async function readLinks(exec: Exec): Promise<Link[]> {
  return withWireguard(exec, await readPlainLinks(exec));
}

export async function readPlainLinks(exec: Exec): Promise<PlainLink[]> {
  const rows = z
    .array(z.unknown())
    .transform((given) => readRows(given.filter(hasPlainName), linkSchema, () => false).rows);
  return (await readJson(exec, ['ip', '-j', '-N', '-d', 'address', 'show'], rows)).map(decodeLink);
}

/** Reads the ends of our WireGuard devices, of which no event tells. */
export function withWireguard(exec: Exec, links: readonly PlainLink[]): Promise<Link[]> {
  return Promise.all(
    links.map(async ({ alias, ...link }) =>
      link.ours && link.type === 'wireguard'
        ? { ...link, tunnel: await readWireguard(exec, link.name, alias) }
        : link,
    ),
  );
}

/** Skips a device whose name is unsafe in commands: it is foreign, and the file cannot name it. */
function hasPlainName(raw: unknown): boolean {
  return !isObject(raw) || typeof raw['ifname'] !== 'string' || isPlainName(raw['ifname']);
}

function decodeLink(raw: z.infer<typeof linkSchema>): PlainLink {
  const type = raw.linkinfo?.info_kind;
  const tunnel = openTunnel(type, raw.linkinfo?.info_data ?? {});
  const ends = tunnelEnds(type, raw.linkinfo?.info_data);
  const info = raw.addr_info ?? [];
  const peers = info.flatMap(({ address: peer, prefixlen }) =>
    peer === undefined || prefixlen === undefined ? [] : [`${peer}/${prefixlen}`],
  );
  const advertised = info.filter(({ mngtmpaddr, temporary }) => mngtmpaddr || temporary).flatMap(ownAddress);
  return {
    name: raw.ifname,
    index: raw.ifindex,
    // `-N` prints ARPHRD_ETHER as a number.
    ethernet: raw.link_type === '[1]',
    ...(raw.mtu === undefined ? {} : { mtu: raw.mtu }),
    ...(raw.flags.includes('UP') ? {} : { down: true as const }),
    ...(raw.flags.includes('NO-CARRIER') ? { noCarrier: true as const } : {}),
    ...(raw.master === undefined ? {} : { master: raw.master }),
    ...(raw.link && stackedKinds.has(type ?? '') ? { parent: raw.link } : {}),
    ...(raw.link && type === 'veth' ? { pair: raw.link } : {}),
    ...(raw.link_netnsid !== undefined && type === 'veth' ? { peerNamespace: raw.link_netnsid } : {}),
    ...(tunnel === undefined ? {} : { openTunnel: tunnel }),
    ...(ends === undefined ? {} : { tunnel: ends }),
    // Another program may use the number for a device of another kind.
    ...((ends !== undefined || type === 'wireguard') && String(raw.group) === String(ownLinkGroup)
      ? { ours: true as const }
      : {}),
    alias: raw.ifalias,
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
