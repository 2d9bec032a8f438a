/** Crafted packets: selected combinations, each with a stable name. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { addressBytes } from './bytes.ts';
import { linkPackets } from './link-packets.ts';
import { type Destination, type Place, allowedPlaces } from './places.ts';
import { type Protocol, protocolNames, protocols, type Ends } from './protocols.ts';
import { type Role, type Scene, published, roles, sceneOf } from './scene.ts';
import { disturbingShapes, plain, shapesOf } from './shapes.ts';
import { flowPackets } from './flow-packets.ts';

export interface Crafted {
  /** number in its marker; 0 for controls */
  readonly id: number;
  /** `IPv4 outside > node: echo request, two fragments` */
  readonly name: string;
  readonly family: Family;
  readonly source: Role;
  /** places where the packet, its replies and errors about it may be seen, besides its own network */
  readonly allowed: readonly Place[];
  /** frames, sent one after the other */
  readonly frames: readonly Buffer[];
}

export interface LinkAddresses {
  /** MAC address of the hostile container */
  readonly own: string;
  /** MAC address of the network's bridge */
  readonly bridge: string;
  /** MAC address of another container of the network */
  readonly other: string;
}

/** Packet without a number yet. */
export interface Recipe {
  readonly name: string;
  readonly source: Role;
  readonly allowed: readonly Place[];
  readonly frames: (id: number) => readonly Buffer[];
  /** It makes the link learn wrong stations, so it is sent after all others. */
  readonly disturbs?: true;
}

/** @param first number of the first packet; the order of packets is always the same */
export function craftPackets(
  families: readonly Family[],
  macs: LinkAddresses,
  first = 1,
): readonly Crafted[] {
  const recipes = families.flatMap((family) =>
    recipesOf(sceneOf(family), macs).map((recipe) => ({ ...recipe, family })),
  );
  const last = recipes.filter(({ disturbs }) => disturbs);
  return [...recipes.filter(({ disturbs }) => !disturbs), ...last].map(
    ({ name, family, source, allowed, frames }, index) => {
      const id = first + index;
      return { id, family, name: `IPv${family} ${name}`, source, allowed, frames: frames(id) };
    },
  );
}

export function recipesOf(scene: Scene, macs: LinkAddresses): readonly Recipe[] {
  return [...combinations(scene, macs), ...linkPackets(scene, macs), ...flowPackets(scene, macs)];
}

interface Combination {
  readonly source: Role;
  readonly destination: Destination;
  readonly protocol: Protocol;
  readonly shape?: string;
}

/** Returns each combination once. */
function combinations(scene: Scene, macs: LinkAddresses): readonly Recipe[] {
  const all = [
    ...everySource(),
    ...everyDestination(scene.family),
    ...everyProtocol(),
    ...everyShape(scene.family),
  ];
  const recipes = all
    .filter(({ source, destination }) => destinationAddress(scene, destination) !== scene.addresses[source])
    .map((combination) => recipeOf(scene, macs, combination));
  return [...new Map(recipes.map((recipe) => [recipe.name, recipe])).values()];
}

const quick = ['echo request', 'UDP', 'SYN'] as const;

const somewhere: readonly Destination[] = [
  'isp only',
  'node',
  'own bridge',
  'post',
  'plain',
  'port of plain',
];

/** Uses one protocol for each pair, in rotation. */
function everySource(): readonly Combination[] {
  return roles.flatMap((source, row) =>
    somewhere.map((destination, column) => ({
      source,
      destination,
      protocol: inTurn(row + column, destination),
    })),
  );
}

const someone: readonly Role[] = ['own', 'outside', 'near', 'post', 'plain', 'node'];
const ports = ['port of own', 'port of post', 'port of plain'] as const;

function everyDestination(family: Family): readonly Combination[] {
  const destinations = [...roles, ...ports].filter((role) => family === 4 || role !== 'unspecified');
  return destinations.flatMap((destination, row) =>
    someone.map((source, column) => ({ source, destination, protocol: inTurn(row + column, destination) })),
  );
}

function everyProtocol(): readonly Combination[] {
  return protocolNames.flatMap((protocol) =>
    (['own', 'outside', 'post', 'plain'] as const).flatMap((source) =>
      (['isp only', 'node', 'near'] as const).map((destination) => ({ source, destination, protocol })),
    ),
  );
}

function everyShape(family: Family): readonly Combination[] {
  return Object.keys(shapesOf(family)).flatMap((shape, row) =>
    (['own', 'outside', 'post'] as const).flatMap((source, column) =>
      (['isp only', 'node'] as const).map((destination) => ({
        source,
        destination,
        protocol: inTurn(row + column, destination),
        shape,
      })),
    ),
  );
}

/** A published port has no ICMP. */
function inTurn(index: number, destination: Destination): Protocol {
  if (isPort(destination)) return index % 2 === 0 ? 'SYN' : 'UDP';
  return quick[index % quick.length] ?? 'UDP';
}

function isPort(destination: Destination): destination is (typeof ports)[number] {
  return (ports as readonly Destination[]).includes(destination);
}

const portOf = {
  'port of own': published.own,
  'port of post': published.post,
  'port of plain': published.plain,
};

function destinationAddress({ addresses }: Scene, destination: Destination): Address {
  return isPort(destination) ? addresses.node : addresses[destination];
}

function recipeOf(scene: Scene, macs: LinkAddresses, combination: Combination): Recipe {
  const { source, destination, protocol, shape } = combination;
  const { family, addresses } = scene;
  const to = destinationAddress(scene, destination);
  const ends: Omit<Ends, 'id'> = {
    family,
    source: addresses[source],
    destination: to,
    port: isPort(destination) ? portOf[destination] : 80,
    other: addresses[source === 'outside' || destination === 'isp only' ? 'plain' : 'isp only'],
    own: addresses.own,
  };
  const wrap = shape === undefined ? plain : shapesOf(family)[shape];
  if (!wrap) throw new Error(`no shape ${shape}`);
  return {
    name: `${source} > ${destination}: ${protocol}${shape === undefined ? '' : `, ${shape}`}`,
    source,
    allowed: allowedPlaces(source, destination),
    ...(shape !== undefined && disturbingShapes.includes(shape) ? { disturbs: true as const } : {}),
    frames: (id) =>
      wrap({
        ...ends,
        id,
        carried: protocols[protocol]({ ...ends, id }),
        macs: { from: macs.own, to: macOf(scene, macs, destination) },
        hop: addresses['own bridge'],
        otherMac: macs.other,
      }),
  };
}

/** Destination MAC address: the node's, except for destinations on the network's own link. */
function macOf(scene: Scene, macs: LinkAddresses, destination: Destination): string {
  if (destination === 'same network') return macs.other;
  if (destination === 'broadcast' && scene.family === 4) return 'ff:ff:ff:ff:ff:ff';
  const address = addressBytes(destinationAddress(scene, destination));
  return groupMac(address) ?? macs.bridge;
}

/** MAC address of a multicast group; undefined for other addresses */
function groupMac(address: Buffer): string | undefined {
  const first = address.readUInt8(0);
  if (address.length === 16)
    return first === 0xff ? colons(Buffer.from([0x33, 0x33, ...address.subarray(12)])) : undefined;
  if (first >> 4 !== 14) return undefined;
  const [, second = 0, third = 0, fourth = 0] = address;
  return colons(Buffer.from([0x01, 0x00, 0x5e, second & 0x7f, third, fourth]));
}

function colons(bytes: Buffer): string {
  return bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1:');
}
