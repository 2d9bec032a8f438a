/** Reads the links of a host and their addresses. */
import * as z from 'zod';
import type { Link } from '../state/facts.ts';
import { readJson } from './ip-json.ts';
import type { Exec } from './ports.ts';

const linkSchema = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  link_type: z.string().optional(),
  link: z.string().nullish(),
  master: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  addr_info: z
    .array(
      z.object({
        local: z.string().optional(),
        /** the other end of a point-to-point link */
        address: z.string().optional(),
        prefixlen: z.number().optional(),
      }),
    )
    .optional(),
});

const stackedKinds = new Set(['vlan', 'macvlan', 'ipvlan', 'macvtap']);

export async function readLinks(exec: Exec): Promise<Link[]> {
  const links = await readJson(exec, ['ip', '-j', '-d', 'address', 'show'], z.array(linkSchema));
  return links.map(decodeLink);
}

function decodeLink(raw: z.infer<typeof linkSchema>): Link {
  const type = raw.linkinfo?.info_kind;
  const peers = (raw.addr_info ?? []).flatMap(({ address, prefixlen }) =>
    address === undefined || prefixlen === undefined ? [] : [`${address}/${prefixlen}`],
  );
  return {
    name: raw.ifname,
    index: raw.ifindex,
    ethernet: raw.link_type === 'ether',
    ...(raw.master === undefined ? {} : { master: raw.master }),
    ...(raw.link && stackedKinds.has(type ?? '') ? { parent: raw.link } : {}),
    ...(type === undefined ? {} : { type }),
    addresses: (raw.addr_info ?? []).flatMap(({ local, prefixlen }) =>
      local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`],
    ),
    ...(peers.length > 0 ? { peers } : {}),
  };
}
