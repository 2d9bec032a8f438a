/** Schemas of the whole file: a strict one, and a lax one for the valid parts of a wrong file. */
import * as z from 'zod';
import { discoverMeta, discoverShape } from './discover-fields.ts';
import { gatewayShape, hosts, memberShape, name, networkShape } from './fields.ts';
import { checkMeta, checkShape, failoverShape } from './failover-fields.ts';
import { logLimitMeta, logLimitShape, logShape } from './log-fields.ts';
import { publishShape, routeShape } from './route-fields.ts';
import {
  bfdMeta,
  bfdShape,
  gatewayRoutingMeta,
  gatewayRoutingShape,
  uplinkRoutingMeta,
  uplinkRoutingShape,
} from './routing-fields.ts';
import { greShape, ipipShape, uplinkShape, wireguardShape } from './uplink-fields.ts';
import { expected } from './values.ts';

const rootWhat = 'a map with version, hosts, networks and gateways';
const uplinkWhat = 'a map with device, and with via on a link that has neighbours';
const membersWhat = 'a list of members, each with host and uplink';
const networksWhat = 'a map of network names to networks; {} when there is none';
const gatewaysWhat = 'a map of gateway names to gateways; {} when there is none';

const tunnels = {
  gre: z
    .strictObject(greShape, expected('a map with local and remote'))
    .exactOptional()
    .meta({
      title: 'gre',
      description:
        'The uplink is a GRE tunnel that mustredirect makes, over IPv4 or IPv6. It carries both families.',
      examples: [{ local: '192.0.2.1', remote: '198.51.100.1' }],
    }),
  ipip: z
    .strictObject(ipipShape, expected('a map with local and remote'))
    .exactOptional()
    .meta({
      title: 'ipip',
      description:
        'The uplink is an IP-in-IP tunnel that mustredirect makes, over IPv4 or IPv6. It carries both families.',
      examples: [{ local: '192.0.2.1', remote: '198.51.100.1' }],
    }),
  wireguard: z
    .strictObject(wireguardShape, expected('a map with private_key_file, peer and endpoint'))
    .exactOptional()
    .meta({
      title: 'wireguard',
      description:
        'The uplink is a WireGuard tunnel that mustredirect makes, over IPv4 or IPv6. It carries both families.',
      examples: [
        {
          private_key_file: '/etc/mustredirect/wg0.key',
          peer: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
          endpoint: '198.51.100.1:51820',
        },
      ],
    }),
};
const bfd = z
  .strictObject(bfdShape, expected('a map with interval and multiplier'))
  .exactOptional()
  .meta(bfdMeta);
const uplinkRouting = z
  .strictObject({ ...uplinkRoutingShape, bfd }, expected('a map with protocol'))
  .exactOptional()
  .meta(uplinkRoutingMeta);
const uplink = z
  .strictObject({ ...uplinkShape, ...tunnels, routing: uplinkRouting }, expected(uplinkWhat))
  .meta({
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
      'The hosts that are this gateway, in order of preference. Nodes send to the first member that works: `mustredirect agent` on the node, or routing by bgp, finds out; without either, to the first member.',
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
const gatewayRouting = z
  .strictObject({ ...gatewayRoutingShape, bfd }, expected('a map with protocol'))
  .exactOptional()
  .meta(gatewayRoutingMeta);
const check = z.strictObject(checkShape, expected('a map with targets')).exactOptional().meta(checkMeta);
const logLimit = z
  .strictObject(logLimitShape, expected('a map with size and age'))
  .exactOptional()
  .meta(logLimitMeta);
const gateway = z
  .strictObject(
    {
      members,
      ...failoverShape,
      check,
      ...gatewayShape,
      publish,
      routing: gatewayRouting,
      ...logShape,
      log_limit: logLimit,
    },
    expected('a map with members'),
  )
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
export const networksSchema = z.record(name, network, expected(networksWhat)).meta({
  title: 'networks',
  description: 'Container networks to redirect, each under the name that its engine uses.',
});
const gateways = z.record(name, gateway, expected(gatewaysWhat)).meta({
  title: 'gateways',
  description: 'Gateways, each under a name of your choice.',
});

const discover = z
  .strictObject(discoverShape, expected('a map with pools'))
  .exactOptional()
  .meta(discoverMeta);

/** Accepts exactly the format. `check-*.ts` check names and addresses against each other. */
export const fileSchema = z
  .strictObject({ version, hosts, networks: networksSchema, gateways, discover }, expected(rootWhat))
  .meta({ title: 'mustredirect', description: 'Which container network leaves through which gateway.' });

const tunnelDrafts = {
  gre: z.object(greShape).partial(),
  ipip: z.object(ipipShape).partial(),
  wireguard: z.object(wireguardShape).partial(),
};
const bfdDraft = z.object(bfdShape).partial();
const uplinkRoutingDraft = z.object({ ...uplinkRoutingShape, bfd: bfdDraft }).partial();
const memberDraft = z
  .object({
    ...memberShape,
    uplink: z.object({ ...uplinkShape, ...tunnelDrafts, routing: uplinkRoutingDraft }).partial(),
  })
  .partial();
const gatewayDraft = z
  .object({
    members: z.array(memberDraft),
    ...failoverShape,
    check: z.object(checkShape).partial(),
    ...gatewayShape,
    publish: z.array(z.object(publishShape).partial()),
    routing: z.object({ ...gatewayRoutingShape, bfd: bfdDraft }).partial(),
    ...logShape,
    log_limit: z.object(logLimitShape).partial(),
  })
  .partial();
const networkDraft = z.object({ ...networkShape, routes: z.array(z.object(routeShape).partial()) }).partial();

/** Accepts a file with missing parts, so that the rest of a wrong file can still be checked. */
export const draftSchema = z
  .object({
    hosts,
    networks: z.record(name, networkDraft),
    gateways: z.record(name, gatewayDraft),
    discover: z.object(discoverShape).partial(),
  })
  .partial();

export type Draft = z.output<typeof draftSchema>;
export type DraftNetwork = NonNullable<Draft['networks']>[string];
export type DraftGateway = NonNullable<Draft['gateways']>[string];
