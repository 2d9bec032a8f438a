/** Uplink of a member, from the file. */
import type { z } from 'zod';
import type { fileSchema } from './schema.ts';
import type { TunnelSpec, Uplink } from './spec.ts';

type FileUplink = z.output<typeof fileSchema>['gateways'][string]['members'][number]['uplink'];

export function uplinkOf(given: FileUplink): Uplink {
  const { gre, ipip, wireguard, routing, ...plain } = given;
  const uplink = { ...plain, ...(routing ? uplinkRoutingOf(routing) : {}) };
  const tunnel = tunnelOf(given);
  if (!tunnel) return uplink;
  const mtu = (gre ?? ipip ?? wireguard)?.mtu;
  return { ...uplink, ...(mtu === undefined ? {} : { mtu }), tunnel };
}

/** A BGP neighbour is the next hop of its routes. */
function uplinkRoutingOf(given: NonNullable<FileUplink['routing']>): Pick<Uplink, 'routing' | 'via'> {
  const { as = 0, peer_as: peerAs = 0, neighbor = [], password_file: passwordFile, bfd } = given;
  const common = { ...(passwordFile === undefined ? {} : { passwordFile }), ...(bfd ? { bfd } : {}) };
  if (given.protocol === 'bgp')
    return { via: neighbor, routing: { protocol: 'bgp', as, peerAs, neighbors: neighbor, ...common } };
  const { area = 0, hello = 10_000, dead = 4 * hello, cost = 10 } = given;
  const seconds = { hello: Math.round(hello / 1000), dead: Math.round(dead / 1000) };
  return { routing: { protocol: 'ospf', area, cost, ...seconds, ...common } };
}

function tunnelOf({ gre, ipip, wireguard }: FileUplink): TunnelSpec | undefined {
  if (wireguard) {
    const { listen_port: listenPort, persistent_keepalive: keepalive, endpoint, peer } = wireguard;
    const { preshared_key_file: presharedKeyFile } = wireguard;
    return {
      type: 'wireguard',
      privateKeyFile: wireguard.private_key_file,
      ...(presharedKeyFile === undefined ? {} : { presharedKeyFile }),
      peer,
      remote: endpoint.address,
      remotePort: endpoint.port,
      ...(listenPort === undefined ? {} : { listenPort }),
      ...(keepalive === undefined ? {} : { keepalive }),
    };
  }
  const given = gre ?? ipip;
  if (!given) return undefined;
  const { mtu: _, ttl = 64, ...ends } = given;
  return { type: gre ? 'gre' : 'ipip', ...ends, ttl };
}
