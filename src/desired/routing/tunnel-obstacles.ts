/** Obstacles that keep a tunnel of the file from being made, or from carrying packets. */
import type { Address } from '../../address/cidr.ts';
import { objectKey } from '../../kinds/index.ts';
import type { IpTunnel, Tunnel } from '../../kinds/tunnel/schema.ts';
import type { IpTunnelSpec, TunnelSpec, WireguardSpec } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import { ownTunnels } from '../../state/tunnels.ts';
import type { MemberGateway } from '../../topology/role.ts';
import { addressOf } from '../addresses.ts';
import type { Refusal } from '../redirect.ts';
import { linkNamed } from './neighbours.ts';
import { type Described, ipTunnelOf, tunnelModules, tunnelOf, tunnelType } from './tunnel-device.ts';

/** Reasons why a tunnel cannot be made, or why no packet would reach its far end. */
export function tunnelObstacles(
  { name, uplink }: Pick<MemberGateway, 'name' | 'uplink'>,
  facts: Facts,
): Refusal[] {
  const { device, tunnel: ends } = uplink;
  if (!ends) return [];
  const obstacles: (Refusal | undefined)[] = [
    foreignDevice(device, facts),
    missingModule(ends, facts),
    otherKind(tunnelOf(uplink, ends, facts), facts),
    ...(ends.type === 'wireguard'
      ? wireguardObstacles(device, ends, facts)
      : ipObstacles(device, ends, facts)),
    ownRemote(device, ends, facts),
    outerObstacle(device, ends, facts),
  ];
  return obstacles
    .filter((one) => one !== undefined)
    .map(({ message, hint }) => ({ message: `gateway ${name}: ${message}`, hint }));
}

function foreignDevice(device: string, facts: Facts): Refusal | undefined {
  const link = linkNamed(device, facts);
  if (!link || link.ours) return undefined;
  return {
    message: `device ${device} exists, and mustredirect has not made it`,
    hint: `leave the tunnel's keys out of the file to use the device as it is, or remove it: \`ip link delete ${device}\``,
  };
}

/** The routes by a device go with it: the device goes in one round of a run, and comes in the next. */
export function otherKind(tunnel: Tunnel, { links }: Facts): Refusal | undefined {
  const found = ownTunnels(links).find(({ device }) => device === tunnel.device);
  if (!found || objectKey(found) === objectKey(tunnel)) return undefined;
  return {
    message: `its tunnel ${tunnel.device} is made anew: the kernel cannot change it`,
    hint: 'apply removes the device first, and makes it in the same run',
  };
}

function ipObstacles(device: string, ends: IpTunnelSpec, facts: Facts): (Refusal | undefined)[] {
  const { local } = ends;
  return [
    sameEnds(device, ipTunnelOf(ends), facts),
    hasAddress(facts, local)
      ? undefined
      : {
          message: `${local}, where its tunnel ${device} starts, is not an address of this host`,
          hint: 'correct `local:`, or give this host the address',
        },
  ];
}

function wireguardObstacles(
  device: string,
  { privateKeyFile, presharedKeyFile = '', listenPort }: WireguardSpec,
  facts: Facts,
): (Refusal | undefined)[] {
  const { missingPrograms = [], keyFiles = {}, presharedKeyFiles = {}, takenPorts = {} } = facts;
  const keyFile = keyFiles[privateKeyFile];
  const shared = presharedKeyFiles[presharedKeyFile];
  const now = linkNamed(device, facts)?.tunnel;
  const owner = listenPort === undefined ? undefined : takenPorts[listenPort];
  const isOurs = now?.type === 'wireguard' && now.listenPort === listenPort;
  return [
    missingPrograms.includes('wg')
      ? {
          message: `program wg is not installed, which its tunnel ${device} needs`,
          hint: 'install it: apt-get install wireguard-tools',
        }
      : undefined,
    keyFile && 'error' in keyFile
      ? {
          message: `private key file ${privateKeyFile} of its tunnel ${device}: ${keyFile.error}`,
          hint: keyFile.hint,
        }
      : undefined,
    shared && 'error' in shared
      ? {
          message: `preshared key file ${presharedKeyFile} of its tunnel ${device}: ${shared.error}`,
          hint: shared.hint,
        }
      : undefined,
    owner === undefined || isOurs
      ? undefined
      : {
          message: `UDP port ${listenPort}, which its tunnel ${device} listens on, is taken by ${owner}`,
          hint: 'write another `listen_port:`, or free the port: `ss -lunp` and `wg show all listen-port` show its owner',
        },
  ];
}

function sameEnds(
  device: string,
  { type, local, remote, key }: Described<IpTunnel>,
  { links }: Facts,
): Refusal | undefined {
  const other = links.find(
    ({ name, tunnel }) =>
      name !== device &&
      tunnel?.type === type &&
      tunnel.local === local &&
      tunnel.remote === remote &&
      tunnel.key === key,
  );
  if (!other) return undefined;
  return {
    message: `${other.name} is a tunnel from ${local} to ${remote} already`,
    hint: `name it as \`device:\` without the tunnel's keys, give this one another \`key:\`, or remove it: \`ip link delete ${other.name}\``,
  };
}

function missingModule(ends: TunnelSpec, { missingModules = [] }: Facts): Refusal | undefined {
  const module = tunnelModules[tunnelType(ends)];
  if (!missingModules.includes(module)) return undefined;
  return {
    message: `this kernel has no module ${module}, which the tunnel needs, or does not load it`,
    hint: `install the modules of this kernel (on Ubuntu in the package linux-modules-extra), restart if the kernel was updated, or allow the module: \`grep -r ${module} /etc/modprobe.d\``,
  };
}

function ownRemote(device: string, { remote }: TunnelSpec, facts: Facts): Refusal | undefined {
  if (!hasAddress(facts, remote)) return undefined;
  return {
    message: `${remote}, the far end of its tunnel ${device}, is an address of this host`,
    hint: 'write the address of the router at the far end',
  };
}

function hasAddress({ links }: Facts, address: Address): boolean {
  return links.some(({ addresses }) => addresses.some((prefix) => addressOf(prefix) === address));
}

function outerObstacle(
  device: string,
  { remote }: TunnelSpec,
  { outerRoutes = {} }: Facts,
): Refusal | undefined {
  const outer = outerRoutes[remote];
  if (!outer) return undefined;
  if ('error' in outer) {
    return {
      message: `no route to ${remote}, the far end of its tunnel ${device}`,
      hint: 'this host needs a route to the far end that does not lead through the tunnel',
    };
  }
  if (outer.device !== device) return undefined;
  return {
    message: `${remote}, the far end of its tunnel ${device}, is reached through the tunnel itself`,
    hint: `give this host a route to ${remote} by another device`,
  };
}
