/** Keys that the maps of the file may have. */
import { discoverShape } from './discover-fields.ts';
import { checkShape } from './failover-fields.ts';
import { logLimitShape } from './log-fields.ts';
import { publishShape, routeShape } from './route-fields.ts';
import { bfdShape, gatewayRoutingShape, uplinkRoutingShape } from './routing-fields.ts';
import { fileSchema } from './schema.ts';
import type { Path } from './tree.ts';
import { greShape, ipipShape, wireguardShape } from './uplink-fields.ts';

const network = fileSchema.shape.networks.valueType;
const gateway = fileSchema.shape.gateways.valueType;
const member = gateway.shape.members.element;
const { uplink } = member.shape;

/** Keys that a map at this path may have. */
export function knownKeysAt(path: Path): string[] {
  const [room, , third] = path;
  if (path.length === 0) return Object.keys(fileSchema.shape);
  if (room === 'networks' && path.length === 2) return Object.keys(network.shape);
  if (room === 'networks' && third === 'routes') return Object.keys(routeShape);
  if (room === 'discover' && path.length === 1) return Object.keys(discoverShape);
  if (room !== 'gateways') return [];
  if (path.length === 2) return Object.keys(gateway.shape);
  if (third === 'check') return Object.keys(checkShape);
  if (third === 'log_limit') return Object.keys(logLimitShape);
  if (third === 'publish') return Object.keys(publishShape);
  if (third === 'routing')
    return Object.keys(path.length === 3 ? { ...gatewayRoutingShape, bfd: {} } : bfdShape);
  if (third !== 'members') return [];
  if (path.length === 7) return Object.keys(bfdShape);
  if (path.length === 6) return uplinkPartKeys(path[5]);
  return Object.keys(path.length === 4 ? member.shape : uplink.shape);
}

const uplinkParts = new Map<Path[number] | undefined, object>([
  ['gre', greShape],
  ['ipip', ipipShape],
  ['wireguard', wireguardShape],
  ['routing', { ...uplinkRoutingShape, bfd: {} }],
]);

function uplinkPartKeys(part: Path[number] | undefined): string[] {
  return Object.keys(uplinkParts.get(part) ?? {});
}
