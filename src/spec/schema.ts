/** The file as a whole: a strict schema to accept it, and a lax one for what is right in a wrong file. */
import * as z from 'zod';
import { gatewayShape, hosts, memberShape, name, networkShape, uplinkShape } from './fields.ts';
import type { Path } from './tree.ts';
import { expected } from './values.ts';

const rootWhat = 'a map with version, hosts, networks and gateways';
const uplinkWhat = 'a map with device, and with via on a link that has neighbours';
const membersWhat = 'a list of members, each with host and uplink';
const networksWhat = 'a map of network names to networks; {} when there is none';
const gatewaysWhat = 'a map of gateway names to gateways; {} when there is none';

const uplink = z.strictObject(uplinkShape, expected(uplinkWhat)).meta({
  title: 'uplink',
  description: 'Where this member sends redirected traffic out.',
});
const member = z.strictObject({ ...memberShape, uplink }, expected('a map with host and uplink')).meta({
  title: 'member',
  description: 'A host that redirected traffic can leave through, and by which device.',
});
const members = z
  .array(member, expected(membersWhat))
  .min(1, 'expected at least one member, found an empty list')
  .meta({ title: 'members', description: 'The hosts that are this gateway, in order of preference.' });
const gateway = z
  .strictObject({ members, ...gatewayShape }, expected('a map with members'))
  .meta({ title: 'gateway', description: 'A named exit.' });
const network = z
  .strictObject(networkShape, expected('a map with engine, subnets and via'))
  .meta({ title: 'network', description: 'A container network that leaves through a gateway.' });

const version = z
  .literal(1, expected('1, the version of this format'))
  .meta({ title: 'version', description: 'Version of this format: 1.' });
const networks = z.record(name, network, expected(networksWhat)).meta({
  title: 'networks',
  description: 'Container networks to redirect, each under the name that its engine knows it by.',
});
const gateways = z.record(name, gateway, expected(gatewaysWhat)).meta({
  title: 'gateways',
  description: 'Named exits, each with the hosts that it is made of.',
});

/** Accepts exactly what the format allows. What names and addresses mean together is in `check-*.ts`. */
export const fileSchema = z
  .strictObject({ version, hosts, networks, gateways }, expected(rootWhat))
  .meta({ title: 'mustredirect', description: 'Which container network leaves through which gateway.' });

const memberDraft = z.object({ ...memberShape, uplink: z.object(uplinkShape).partial() }).partial();
const gatewayDraft = z.object({ members: z.array(memberDraft), ...gatewayShape }).partial();

/** Accepts the file with anything missing, so that the rest of a wrong file can still be checked. */
export const draftSchema = z
  .object({
    hosts,
    networks: z.record(name, z.object(networkShape).partial()),
    gateways: z.record(name, gatewayDraft),
  })
  .partial();

export type Draft = z.output<typeof draftSchema>;

/** Keys that a map at this path may have. */
export function knownKeysAt(path: Path): string[] {
  const [room, , third] = path;
  if (path.length === 0) return Object.keys(fileSchema.shape);
  if (room === 'networks' && path.length === 2) return Object.keys(network.shape);
  if (room !== 'gateways') return [];
  if (path.length === 2) return Object.keys(gateway.shape);
  if (third !== 'members') return [];
  return Object.keys(path.length === 4 ? member.shape : uplink.shape);
}
