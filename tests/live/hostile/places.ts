/** Places where packets of the hostile container are captured, and places where each is allowed. */
import type { Role } from './scene.ts';

export const places = [
  'isp',
  'gateway',
  'uplink',
  'other gateway',
  'other uplink',
  'neighbour',
  'near',
  'post',
  'plain',
] as const;
export type Place = (typeof places)[number];

/** Source addresses in the network itself: containers of one network may forge each other's addresses. */
const ownSources: readonly Role[] = ['own', 'same network', 'own bridge', 'own broadcast'];

/**
 * Destinations on the bridge whose containers reply with their own source, by their gateway. A packet that the
 * container sends to itself through the host counts, too: it could send that reply directly.
 */
const answeredInside: readonly Destination[] = ['own', 'same network', 'link multicast'];

/** Packets with other sources are allowed nowhere, nor are the host's replies to them and errors about them. */
export function allowedPlaces(source: Role, destination: Destination): readonly Place[] {
  if (isOwnSource(source)) return reached[destination];
  return answeredInside.includes(destination) ? reached[source] : [];
}

/** Role, or a port of the node that leads to a container. */
export type Destination = Role | 'port of own' | 'port of post' | 'port of plain';

const byGateway = ['gateway', 'uplink'] as const;

/** Places for packets with an own source, by destination. */
const reached: Readonly<Record<Destination, readonly Place[]>> = {
  own: [],
  'same network': [],
  'own bridge': [],
  near: ['near'],
  'near bridge': [],
  post: ['post'],
  'post bridge': [],
  // Outside, unless the file makes it direct.
  plain: byGateway,
  'plain bridge': [],
  node: [],
  gateway: byGateway,
  'other gateway': byGateway,
  isp: byGateway,
  neighbour: byGateway,
  outside: byGateway,
  'isp only': byGateway,
  direct: ['isp'],
  'direct of post': byGateway,
  private: byGateway,
  unspecified: [],
  loopback: [],
  multicast: [],
  'link multicast': [],
  'link-local': byGateway,
  martian: byGateway,
  broadcast: [],
  'LAN broadcast': byGateway,
  'own broadcast': [],
  'post broadcast': ['post'],
  'port of own': [],
  'port of post': ['post'],
  // Containers reach all ports of their host.
  'port of plain': ['plain'],
};

export function isOwnSource(source: Role): boolean {
  return ownSources.includes(source);
}
