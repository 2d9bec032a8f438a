/** Facts for the tunnels of the file: routes to far ends, modules and programs, key files, and ports. */
import { tunnelModules, tunnelType } from '../desired/routing/tunnel-device.ts';
import { getRoute, getTableRoute, routeMtu } from '../host/ip/routes.ts';
import { udpPortOwner } from '../host/ip/udp-port-owner.ts';
import type { Exec, Host } from '../host/ports.ts';
import { ifInstalled } from '../host/process/missing-program.ts';
import { readKeyFile } from '../host/wireguard/key-file.ts';
import type { TunnelSpec, WireguardSpec } from '../spec/spec.ts';
import type { Facts, OuterRoute } from '../state/facts.ts';
import type { HostRole } from '../topology/role.ts';

export type TunnelFacts = Pick<
  Facts,
  'outerRoutes' | 'missingModules' | 'missingPrograms' | 'keyFiles' | 'takenPorts'
>;

export async function readTunnelFacts(
  host: Host,
  { gateways }: Pick<HostRole, 'gateways'>,
): Promise<TunnelFacts> {
  const tunnels = gateways.flatMap(({ uplink }) => uplink.tunnel ?? []);
  if (tunnels.length === 0) return {};
  const modules = tunnels.map((tunnel) => tunnelModules[tunnelType(tunnel)]);
  const [outerRoutes, missingModules, wireguard] = await Promise.all([
    forEachOf(
      tunnels.map(({ remote }) => remote),
      (remote) => readOuterRoute(host.exec, remote),
    ),
    missingOf(host, [...new Set(modules)]),
    readWireguardFacts(host, tunnels.filter(isWireguard)),
  ]);
  return { outerRoutes, missingModules, ...wireguard };
}

function isWireguard(tunnel: TunnelSpec): tunnel is WireguardSpec {
  return tunnel.type === 'wireguard';
}

async function readWireguardFacts(
  { exec, files }: Host,
  tunnels: readonly WireguardSpec[],
): Promise<TunnelFacts> {
  if (tunnels.length === 0) return {};
  const [program, keyFiles, owners] = await Promise.all([
    ifInstalled(exec.run(['wg', '--version'])),
    forEachOf(
      tunnels.map(({ privateKeyFile }) => privateKeyFile),
      (path) => readKeyFile(files, path),
    ),
    forEachOf(
      tunnels.flatMap(({ listenPort }) => listenPort ?? []),
      (port) => udpPortOwner(exec, port),
    ),
  ]);
  return {
    ...(program ? {} : { missingPrograms: ['wg'] }),
    keyFiles,
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

/**
 * A kernel without a folder of modules may have everything built in, which only an attempt shows. A dry run loads
 * nothing: a module would bring devices such as gre0.
 */
async function missingOf({ exec, files }: Host, modules: readonly string[]): Promise<string[]> {
  const release = (await files.read('/proc/sys/kernel/osrelease'))?.trim();
  if (release === undefined || !(await files.list(`/lib/modules/${release}`)).includes('modules.dep'))
    return [];
  const found = await Promise.all(
    modules.map(async (module) => ((await dryRun(exec, module)) === notFound ? [module] : [])),
  );
  return found.flat();
}

/** exit status of modprobe for a module that is neither there nor built in */
const notFound = 1;

/** @returns undefined without modprobe, which minimal installations do not have */
async function dryRun(exec: Exec, module: string): Promise<number | undefined> {
  return (await ifInstalled(exec.run(['modprobe', '--dry-run', '--quiet', module])))?.exitCode;
}
