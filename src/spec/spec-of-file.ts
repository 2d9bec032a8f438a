/** The file as it was read, as a `Spec`. */
import type { z } from 'zod';
import { blockedFamilies } from './blocked.ts';
import { flowLogDefaults } from './log-fields.ts';
import { uplinkOf } from './parse-uplink.ts';
import { usualBgpPort } from './routing-fields.ts';
import type { fileSchema } from './schema.ts';
import type { Gateway, GatewayRouting, Network, Spec } from './spec.ts';

type File = z.output<typeof fileSchema>;

/** Creates a record without a prototype, so that names such as `constructor` are not found in it. */
function withoutPrototype<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null) as Record<string, T>, record);
}

export function specOf({ hosts, networks, gateways, discover }: File): Spec {
  return {
    hosts: withoutPrototype(hosts),
    networks: withoutPrototype(mapValues(networks, keptNetworkOf)),
    gateways: withoutPrototype(mapValues(gateways, gatewayOf)),
    ...(discover
      ? {
          discover: {
            pools: withoutPrototype(discover.pools),
            gateways: discover.gateways ?? Object.keys(gateways),
            unlabelled: discover.unlabelled,
          },
        }
      : {}),
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

/** One for each network of a file: an equal one of the next file is the same object. */
const networkOfFile = new WeakMap<File['networks'][string], Network>();

function keptNetworkOf(network: File['networks'][string]): Network {
  const known = networkOfFile.get(network) ?? networkOf(network);
  networkOfFile.set(network, known);
  return known;
}

function networkOf(network: File['networks'][string]): Network {
  const { engine, subnets, via, direct, dns, routes = [], bridge } = network;
  const { accept_replies: acceptReplies, when_down: whenDown } = network;
  return {
    engine,
    subnets: withoutPrototype(subnets),
    via,
    direct,
    ...(routes.length > 0
      ? { routes: routes.map(({ to = [], ports = [], ...route }) => ({ ...route, to, ports })) }
      : {}),
    ...(dns === 'engine' ? {} : { dns }),
    ...(whenDown === 'direct' ? { whenDown } : {}),
    blocked: blockedFamilies(network),
    ...(bridge === undefined ? {} : { bridge }),
    ...(acceptReplies ? { acceptReplies } : {}),
  };
}

type FileGateway = File['gateways'][string];

function gatewayOf({ publish = [], members, routing, ...file }: FileGateway): Gateway {
  const { mode, log, log_limit: logLimit = flowLogDefaults, ...gateway } = file;
  const published = publish.map(({ to_port: toPort, ...port }) => ({ ...port, toPort: toPort ?? port.port }));
  return {
    ...gateway,
    ...(mode === 'balance' ? { mode } : {}),
    members: members.map(({ uplink, ...member }) => ({ ...member, uplink: uplinkOf(uplink) })),
    ...(published.length > 0 ? { publish: published } : {}),
    ...routingOf(routing),
    ...(log === undefined ? {} : { flowLog: logLimit }),
  };
}

function routingOf(given: FileGateway['routing']): { readonly routing?: GatewayRouting } {
  if (!given || given.protocol === 'static') return {};
  const { protocol, port = usualBgpPort, bfd, hello = 1000, dead = 4 * hello, password_file: file } = given;
  const common = bfd ? { bfd } : {};
  if (protocol === 'bgp') return { routing: { protocol, port, ...common } };
  const seconds = { hello: Math.round(hello / 1000), dead: Math.round(dead / 1000) };
  const password = file === undefined ? {} : { passwordFile: file };
  return { routing: { protocol, ...seconds, ...password, ...common } };
}
