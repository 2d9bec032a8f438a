/** Where a packet of the hostile container can be seen, and where each may be. */
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

/** Sources that are the network's own: what one container of it makes of another's address is its own affair. */
const ownSources: readonly Role[] = ['own', 'same network', 'own bridge', 'own broadcast'];

/**
 * What a bridge carries to containers of the network, which answer it: with their own source, by their gateway. What the container
 * sends to itself by the host makes no difference: it may as well send that answer at once.
 */
const answeredInside: readonly Destination[] = ['own', 'same network', 'link multicast'];

/** Whatever else comes from the bridge goes nowhere. Nor do the host's answers to it, or errors about it. */
export function allowedPlaces(source: Role, destination: Destination): readonly Place[] {
  if (isOwnSource(source)) return reached[destination];
  return answeredInside.includes(destination) ? reached[source] : [];
}

/** A port of the node that leads to a container, or to what a role has. */
export type Destination = Role | 'port of own' | 'port of post' | 'port of plain';

const byGateway = ['gateway', 'uplink'] as const;

/** by an own source */
const reached: Readonly<Record<Destination, readonly Place[]>> = {
  own: [],
  'same network': [],
  'own bridge': [],
  near: ['near'],
  'near bridge': [],
  post: ['post'],
  'post bridge': [],
  // It is outside, unless the file says that it is direct.
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
  // A container reaches its host, whatever the port leads to.
  'port of plain': ['plain'],
};

export function isOwnSource(source: Role): boolean {
  return ownSources.includes(source);
}
