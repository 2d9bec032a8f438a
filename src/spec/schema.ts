/** The file as a whole: a strict schema to accept it, and a lax one for what is right in a wrong file. */
import * as z from 'zod';
import { gatewayShape, hosts, memberShape, name, networkShape, uplinkShape } from './fields.ts';
import { publishShape, routeShape } from './route-fields.ts';
import type { Path } from './tree.ts';
import { expected } from './values.ts';

const rootWhat = 'a map with version, hosts, networks and gateways';
const uplinkWhat = 'a map with device, and with via on a link that has neighbours';
const membersWhat = 'a list of members, each with host and uplink';
const networksWhat = 'a map of network names to networks; {} when there is none';
const gatewaysWhat = 'a map of gateway names to gateways; {} when there is none';

const uplink = z.strictObject(uplinkShape, expected(uplinkWhat)).meta({
  title: 'uplink',
  description: 'The link that this member sends redirected traffic out of.',
});
const member = z.strictObject({ ...memberShape, uplink }, expected('a map with host and uplink')).meta({
  title: 'member',
  description: 'A host that is this gateway, and its uplink.',
});
const members = z
  .array(member, expected(membersWhat))
  .min(1, 'expected at least one member, found an empty list')
  .meta({
    title: 'members',
    description:
      'The hosts that are this gateway, in order of preference. In this version, nodes send to the first member only.',
  });
const publish = z
  .array(
    z.strictObject(publishShape, expected('a map with port and to')).meta({
      title: 'published port',
      description: 'A port of the uplink that is forwarded to a container.',
    }),
    expected('a list of published ports, each with port and to'),
  )
  .exactOptional()
  .meta({
    title: 'publish',
    description:
      'Ports of the uplink that are forwarded to containers. The container sees the address of the client, and replies leave by this gateway.',
    examples: [[{ port: 8080, to: '10.89.4.5', to_port: 80 }]],
  });
const gateway = z
  .strictObject({ members, ...gatewayShape, publish }, expected('a map with members'))
  .meta({ title: 'gateway', description: 'A named exit that networks leave by.' });
const routes = z
  .array(
    z.strictObject(routeShape, expected('a map with via, and with to, proto or ports')).meta({
      title: 'route',
      description: 'Packets that leave by another gateway, or directly.',
    }),
    expected('a list of routes, each with via'),
  )
  .exactOptional()
  .meta({
    title: 'routes',
    description:
      'Exceptions by destination, protocol and port. The longest matching prefix wins, then the more specific match.',
    examples: [[{ to: '198.51.100.0/24', proto: 'tcp', ports: 25, via: 'mail' }]],
  });
const network = z
  .strictObject({ ...networkShape, routes }, expected('a map with engine, subnets and via'))
  .meta({ title: 'network', description: 'A container network that leaves through a gateway.' });

const version = z
  .literal(1, expected('1, the version of this format'))
  .meta({ title: 'version', description: 'Version of the file format.' });
const networks = z.record(name, network, expected(networksWhat)).meta({
  title: 'networks',
  description: 'Container networks to redirect, each under the name that its engine uses.',
});
const gateways = z.record(name, gateway, expected(gatewaysWhat)).meta({
  title: 'gateways',
  description: 'Gateways, each under a name of your choice.',
});

/** Accepts exactly what the format allows. What names and addresses mean together is in `check-*.ts`. */
export const fileSchema = z
  .strictObject({ version, hosts, networks, gateways }, expected(rootWhat))
  .meta({ title: 'mustredirect', description: 'Which container network leaves through which gateway.' });

const memberDraft = z.object({ ...memberShape, uplink: z.object(uplinkShape).partial() }).partial();
const gatewayDraft = z
  .object({
    members: z.array(memberDraft),
    ...gatewayShape,
    publish: z.array(z.object(publishShape).partial()),
  })
  .partial();
const networkDraft = z.object({ ...networkShape, routes: z.array(z.object(routeShape).partial()) }).partial();

/** Accepts the file with anything missing, so that the rest of a wrong file can still be checked. */
export const draftSchema = z
  .object({
    hosts,
    networks: z.record(name, networkDraft),
    gateways: z.record(name, gatewayDraft),
  })
  .partial();

export type Draft = z.output<typeof draftSchema>;

/** Keys that a map at this path may have. */
export function knownKeysAt(path: Path): string[] {
  const [room, , third] = path;
  if (path.length === 0) return Object.keys(fileSchema.shape);
  if (room === 'networks' && path.length === 2) return Object.keys(network.shape);
  if (room === 'networks' && third === 'routes') return Object.keys(routeShape);
  if (room !== 'gateways') return [];
  if (path.length === 2) return Object.keys(gateway.shape);
  if (third === 'publish') return Object.keys(publishShape);
  if (third !== 'members') return [];
  return Object.keys(path.length === 4 ? member.shape : uplink.shape);
}
