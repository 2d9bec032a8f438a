/** Settings of a container's network endpoints, besides its current addresses. */
import * as z from 'zod';
import type { Exec } from '../../host/ports.ts';
import { tryDecode } from '../decode.ts';

const endpointSchema = z.object({
  Aliases: z.array(z.string()).nullish(),
  Links: z.array(z.string()).nullish(),
  DriverOpts: z.record(z.string(), z.string()).nullish(),
  /** configured addresses: the only ones that a stopped container has */
  IPAMConfig: z
    .object({
      IPv4Address: z.string().optional(),
      IPv6Address: z.string().optional(),
      LinkLocalIPs: z.array(z.string()).nullish(),
    })
    .nullish(),
  /** since 28.0 */
  GwPriority: z.number().optional(),
});
const endpointsSchema = z.record(z.string(), endpointSchema);
export type Endpoint = z.infer<typeof endpointSchema>;

/** Container id -> network -> endpoint. Endpoints that fail to decode are omitted. */
export type Endpoints = ReadonlyMap<string, Readonly<Record<string, Endpoint>>>;

export async function readEndpoints(exec: Exec, ids: readonly string[]): Promise<Endpoints> {
  if (ids.length === 0) return new Map();
  // docker exits with an error when a container is gone, but still prints the others.
  const format = '{{.Id}} {{json .NetworkSettings.Networks}}';
  const { stdout } = await exec.run(['docker', 'inspect', '--format', format, ...ids]);
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, id, text] = /^([0-9a-f]{64}) (.*)$/.exec(line) ?? [];
      const found = text === undefined ? undefined : tryDecode(endpointsSchema, text);
      return id === undefined || !found ? [] : [[id, found] as const];
    }),
  );
}

/** Options of `docker network connect`; it has no option for a MAC address. */
export function endpointOptions(id: string, endpoint: Endpoint | undefined): string[] {
  if (!endpoint) return [];
  const { Aliases, Links, DriverOpts, IPAMConfig, GwPriority } = endpoint;
  // Before 25.0, docker adds the container's short id to the aliases.
  const aliases = (Aliases ?? []).filter((alias) => !id.startsWith(alias));
  return [
    ...aliases.flatMap((alias) => ['--alias', alias]),
    ...(Links ?? []).flatMap((link) => ['--link', link]),
    ...(IPAMConfig?.LinkLocalIPs ?? []).flatMap((address) => ['--link-local-ip', address]),
    ...Object.entries(DriverOpts ?? {}).flatMap(([name, value]) => ['--driver-opt', `${name}=${value}`]),
    ...(GwPriority ? ['--gw-priority', String(GwPriority)] : []),
  ];
}
