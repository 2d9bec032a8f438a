/** Facts for the tunnels of the file: routes to far ends, modules and programs, key files, and ports. */
import { tunnelType } from '../desired/routing/tunnel-device.ts';
import { getRoute, getTableRoute, routeMtu } from '../host/ip/routes.ts';
import { udpPortOwner } from '../host/ip/udp-port-owner.ts';
import type { Exec, Host } from '../host/ports.ts';
import { ifInstalled } from '../host/process/missing-program.ts';
import { readKeyFile, readPresharedKeyFile } from '../host/wireguard/key-file.ts';
import type { TunnelSpec, WireguardSpec } from '../spec/spec.ts';
import type { Facts, OuterRoute } from '../state/facts.ts';
import type { HostRole } from '../topology/role.ts';
import { missingModules } from './modules.ts';

export type TunnelFacts = Pick<
  Facts,
  'outerRoutes' | 'missingModules' | 'missingPrograms' | 'keyFiles' | 'presharedKeyFiles' | 'takenPorts'
>;

export async function readTunnelFacts(
  host: Host,
  { gateways }: Pick<HostRole, 'gateways'>,
): Promise<TunnelFacts> {
  const tunnels = gateways.flatMap(({ uplink }) => uplink.tunnel ?? []);
  if (tunnels.length === 0) return {};
  const [outerRoutes, missing, wireguard] = await Promise.all([
    forEachOf(
      tunnels.map(({ remote }) => remote),
      (remote) => readOuterRoute(host.exec, remote),
    ),
    missingModules(host, tunnels.map(tunnelType)),
    readWireguardFacts(host, tunnels.filter(isWireguard)),
  ]);
  return { outerRoutes, missingModules: missing, ...wireguard };
}

function isWireguard(tunnel: TunnelSpec): tunnel is WireguardSpec {
  return tunnel.type === 'wireguard';
}

async function readWireguardFacts(
  { exec, files }: Host,
  tunnels: readonly WireguardSpec[],
): Promise<TunnelFacts> {
  if (tunnels.length === 0) return {};
  const [program, keyFiles, presharedKeyFiles, owners] = await Promise.all([
    ifInstalled(exec.run(['wg', '--version'])),
    forEachOf(
      tunnels.map(({ privateKeyFile }) => privateKeyFile),
      (path) => readKeyFile(files, path),
    ),
    forEachOf(
      tunnels.flatMap(({ presharedKeyFile }) => presharedKeyFile ?? []),
      (path) => readPresharedKeyFile(files, path),
    ),
    forEachOf(
      tunnels.flatMap(({ listenPort }) => listenPort ?? []),
      (port) => udpPortOwner(exec, port),
    ),
  ]);
  return {
    ...(program ? {} : { missingPrograms: ['wg'] }),
    keyFiles,
    presharedKeyFiles,
    takenPorts: Object.fromEntries(
      Object.entries(owners).flatMap(([port, owner]) => (owner === undefined ? [] : [[port, owner]])),
    ),
  };
}

/** Reads each of some keys once, all at the same time. */
async function forEachOf<K extends string | number, T>(
  keys: readonly K[],
  read: (key: K) => Promise<T>,
): Promise<Record<K, T>> {
  const entries = [...new Set(keys)].map(async (key) => [key, await read(key)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<K, T>;
}

async function readOuterRoute(exec: Exec, remote: string): Promise<OuterRoute> {
  const route = await getRoute(exec, remote);
  if (!route?.dev) return { error: 'no route' };
  // A device that follows an MTU which expires would be changed, and changed back.
  const lasting = route.expires === undefined ? route : await getTableRoute(exec, remote);
  const mtu = lasting && routeMtu(lasting);
  return { device: route.dev, ...(mtu === undefined ? {} : { mtu }) };
}
