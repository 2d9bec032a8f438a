/** Reads links, routes and neighbours as `ip -j` prints them, as far as a verification needs them. */
import * as z from 'zod';
import type { Address } from '../../address/cidr.ts';
import { runOrFail } from '../../host/exec.ts';
import type { Exec } from '../../host/ports.ts';

const linkSchema = z.object({
  ifname: z.string(),
  link_type: z.string(),
  link: z.string().nullish(),
  master: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});

export interface LiveLink {
  readonly name: string;
  /** it has neighbours with link-layer addresses */
  readonly ethernet: boolean;
  readonly master?: string;
  /** the link that a VLAN or macvlan sends through: the same packet is seen there once more */
  readonly parent?: string;
}

const stackedKinds = new Set(['vlan', 'macvlan', 'ipvlan', 'macvtap']);

export async function readLiveLinks(exec: Exec): Promise<LiveLink[]> {
  const links = z
    .array(linkSchema)
    .parse(JSON.parse(await runOrFail(exec, ['ip', '-j', '-d', 'link', 'show'])));
  return links.map(({ ifname, link_type, link, master, linkinfo }) => ({
    name: ifname,
    ethernet: link_type === 'ether',
    ...(master ? { master } : {}),
    ...(link && stackedKinds.has(linkinfo?.info_kind ?? '') ? { parent: link } : {}),
  }));
}

const routeSchema = z.object({
  type: z.string().optional(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  prefsrc: z.string().optional(),
});
export type RouteAnswer = z.infer<typeof routeSchema>;

/**
 * What `ip route get` says, or nothing when there is no route.
 *
 * @param prefix enters another network namespace
 */
export async function getRoute(
  exec: Exec,
  to: Address,
  prefix: readonly string[] = [],
): Promise<RouteAnswer | undefined> {
  const { exitCode, stdout } = await exec.run([...prefix, 'ip', '-j', 'route', 'get', to]);
  if (exitCode !== 0) return undefined;
  return z.array(routeSchema).parse(JSON.parse(stdout))[0];
}

const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().optional(),
  state: z.array(z.string()).optional(),
});
export type Neighbour = z.infer<typeof neighbourSchema>;

/** @param prefix enters another network namespace */
export async function readNeighbours(exec: Exec, prefix: readonly string[] = []): Promise<Neighbour[]> {
  const text = await runOrFail(exec, [...prefix, 'ip', '-j', '-4', 'neigh', 'show']);
  return z.array(neighbourSchema).parse(JSON.parse(text || '[]'));
}
