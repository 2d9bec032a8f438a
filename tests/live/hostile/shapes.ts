/** Encapsulations of crafted packets: options, extension headers, fragments, wrong lengths, frame types. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { addressBytes, u16, u32 } from './bytes.ts';
import { etherTypes, frame, ipPacket, type IpOptions, type Macs } from './ip.ts';
import type { Carried } from './protocols.ts';

export interface Wrapped {
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  readonly carried: Carried;
  readonly id: number;
  readonly macs: Macs;
  /** hop in source routes: the node */
  readonly hop: Address;
  /** MAC address of another container of the network */
  readonly otherMac: string;
}

/** one or more frames */
type Wrap = (packet: Wrapped) => readonly Buffer[];

function base({ source, destination, carried, id }: Wrapped): IpOptions {
  return { source, destination, protocol: carried.protocol, payload: carried.bytes, label: id };
}

function inFrame(packet: Wrapped, options: Partial<IpOptions>, macs: Partial<Macs> = {}): Buffer {
  const { family } = packet;
  return frame(
    { ...packet.macs, ...macs },
    etherTypes[family],
    ipPacket(family, { ...base(packet), ...options }),
  );
}

const changed =
  (change: (packet: Wrapped) => Partial<IpOptions>): Wrap =>
  (packet) => [inFrame(packet, change(packet))];

const addressed =
  (macs: (packet: Wrapped) => Partial<Macs>): Wrap =>
  (packet) => [inFrame(packet, {}, macs(packet))];

/** Frame that is changed after it was built correctly. */
const spoilt =
  (spoil: (whole: Buffer, packet: Wrapped) => Buffer): Wrap =>
  (packet) => [spoil(inFrame(packet, {}), packet)];

const ethernet = 14;

/** VLAN tags, inserted between the addresses and the type. */
const tagged = (...tags: readonly (readonly [type: number, id: number])[]): Wrap =>
  spoilt((whole) =>
    Buffer.concat([whole.subarray(0, 12), ...tags.map((tag) => u16(...tag)), whole.subarray(12)]),
  );

/** Length in place of the type, which follows an LLC and SNAP header. */
const inSnap = spoilt((whole) =>
  Buffer.concat([
    whole.subarray(0, 12),
    u16(whole.length - ethernet + 8),
    Buffer.from([0xaa, 0xaa, 3, 0, 0, 0]),
    whole.subarray(12),
  ]),
);

const invert = (whole: Buffer, at: number): Buffer => {
  const copy = Buffer.from(whole);
  copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
  return copy;
};

interface Piece {
  /** byte range of the transport, multiples of 8 unless last */
  readonly from: number;
  readonly to: number;
  readonly more: boolean;
}

const fragmentHeader = 44;

function fragment(packet: Wrapped, { from, to, more }: Piece): Buffer {
  const { carried, id } = packet;
  const part = carried.bytes.subarray(from, to);
  const offset = from / 8;
  if (packet.family === 4) return inFrame(packet, { payload: part, flags: more ? 1 : 0, offset });
  const header = Buffer.concat([
    Buffer.from([carried.protocol, 0]),
    u16((offset << 3) | (more ? 1 : 0)),
    u32(id),
  ]);
  return inFrame(packet, { protocol: fragmentHeader, payload: Buffer.concat([header, part]) });
}

/** @param pieces pieces of a transport of a given length */
const fragments =
  (pieces: (length: number) => readonly Piece[]): Wrap =>
  (packet) =>
    pieces(packet.carried.bytes.length).map((piece) => fragment(packet, piece));

/** extension header: its number, and its bytes after the first, which names the next header */
type Extension = readonly [number: number, rest: (packet: Wrapped) => Buffer];

const extended =
  (...extensions: readonly Extension[]): Wrap =>
  (packet) => {
    const [next, bytes] = extensions
      .toReversed()
      .reduce<[number, Buffer]>(
        ([following, behind], [number, rest]) => [
          number,
          Buffer.concat([Buffer.from([following]), rest(packet), behind]),
        ],
        [packet.carried.protocol, packet.carried.bytes],
      );
    return [inFrame(packet, { protocol: next, payload: bytes })];
  };

const padding = (): Buffer => Buffer.from([0, 1, 4, 0, 0, 0, 0]);
const routerAlert6 = (): Buffer => Buffer.from([0, 5, 2, 0, 0, 1, 0]);
const jumboOption = (): Buffer => Buffer.from([0, 0xc2, 4, 0, 1, 0, 0]);
/** unknown option that requires an ICMP error */
const unknownOption = (): Buffer => Buffer.from([0, 0x9e, 4, 0, 0, 0, 0]);
const hopByHop: Extension = [0, padding];
const destinationOptions: Extension = [60, padding];
const atomic: Extension = [fragmentHeader, ({ id }) => Buffer.concat([Buffer.from([0, 0, 0]), u32(id)])];

/** One segment is left: the real destination, after the hop. */
const routing = (type: number): Extension => [
  43,
  ({ destination, hop }) => {
    const end = type === 4 ? [addressBytes(destination), addressBytes(hop)] : [addressBytes(destination)];
    const lastEntry = type === 4 ? 1 : 0;
    return Buffer.concat([Buffer.from([2 * end.length, type, 1, lastEntry, 0, 0, 0]), ...end]);
  },
];

/** The packet is sent to the hop, which should forward it. */
const byHop =
  (wrap: Wrap): Wrap =>
  (packet) =>
    wrap(packet).map((whole) => withDestination6(whole, packet.hop));

function withDestination6(whole: Buffer, address: Address): Buffer {
  return Buffer.concat([
    whole.subarray(0, ethernet + 24),
    addressBytes(address),
    whole.subarray(ethernet + 40),
  ]);
}

/** LSRR is 131, SSRR 137: the packet is sent to the hop, and the option has the destination. */
const sourceRoute = (type: number): Wrap =>
  changed(({ destination, hop }) => ({
    destination: hop,
    options: Buffer.concat([Buffer.from([type, 7, 4]), addressBytes(destination), Buffer.from([0])]),
  }));

const withOptions = (...bytes: readonly number[]): Wrap => changed(() => ({ options: Buffer.from(bytes) }));

const middle = (length: number): number => Math.floor(length / 16) * 8;

const unknownMac = '02:00:00:00:be:ef';
/** Unknown MAC address, which a bridge learns when it sees the frame. */
const unknownSender = '02:00:00:00:be:aa';

const ofBoth = {
  'TTL 1': changed(() => ({ ttl: 1 })),
  'TTL 2': changed(() => ({ ttl: 2 })),
  'first fragment alone': fragments((length) => [{ from: 0, to: middle(length), more: true }]),
  'later fragment alone': fragments((length) => [{ from: middle(length), to: length, more: false }]),
  'two fragments': fragments((length) => [
    { from: 0, to: middle(length), more: true },
    { from: middle(length), to: length, more: false },
  ]),
  'two fragments, the later first': fragments((length) => [
    { from: middle(length), to: length, more: false },
    { from: 0, to: middle(length), more: true },
  ]),
  'overlapping fragments': fragments((length) => [
    { from: 0, to: middle(length), more: true },
    { from: 16, to: length, more: false },
  ]),
  'a first fragment of 8 bytes': fragments((length) => [
    { from: 0, to: 8, more: true },
    { from: 8, to: length, more: false },
  ]),
  'bad checksum of the transport': spoilt((whole, { carried }) =>
    invert(whole, whole.length - carried.bytes.length + 3),
  ),
  truncated: spoilt((whole) => whole.subarray(0, whole.length - 20)),
  'a trailer behind its end': spoilt((whole) => Buffer.concat([whole, Buffer.alloc(20)])),
  'length 0': changed(() => ({ length: 0 })),
  'length 65535': changed(() => ({ length: 65_535 })),
  'VLAN tag 0': tagged([0x8100, 0]),
  'VLAN tag 5': tagged([0x8100, 5]),
  'two VLAN tags': tagged([0x88a8, 5], [0x8100, 6]),
  'LLC and SNAP': inSnap,
  'the other family’s frame type': spoilt((whole, { family }) =>
    Buffer.concat([whole.subarray(0, 12), u16(etherTypes[family === 4 ? 6 : 4]), whole.subarray(ethernet)]),
  ),
  'frame to all': addressed(() => ({ to: 'ff:ff:ff:ff:ff:ff' })),
  'frame to another container': addressed(({ otherMac }) => ({ to: otherMac })),
  'frame to nobody': addressed(() => ({ to: unknownMac })),
  'frame to a group': addressed(() => ({ to: '01:00:5e:00:00:01' })),
  'frame from another container': addressed(({ otherMac }) => ({ from: otherMac })),
  'frame from nobody': addressed(() => ({ from: unknownSender })),
} as const satisfies Readonly<Record<string, Wrap>>;

const shapes4 = {
  ...ofBoth,
  'do not fragment': changed(() => ({ flags: 2 })),
  'the reserved flag': changed(() => ({ flags: 4 })),
  'loose source route': sourceRoute(131),
  'strict source route': sourceRoute(137),
  'record route': withOptions(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  'timestamp option': withOptions(68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  'router alert': withOptions(148, 4, 0, 0),
  'an option that is too long': withOptions(7, 40, 4, 0),
  'bad checksum': spoilt((whole) => invert(whole, ethernet + 10)),
} as const satisfies Readonly<Record<string, Wrap>>;

const shapes6 = {
  ...ofBoth,
  'atomic fragment': extended(atomic),
  'hop-by-hop': extended(hopByHop),
  'hop-by-hop with router alert': extended([0, routerAlert6]),
  'hop-by-hop with a jumbo payload': extended([0, jumboOption]),
  'hop-by-hop with an unknown option': extended([0, unknownOption]),
  'routing type 0': byHop(extended(routing(0))),
  'routing type 2': byHop(extended(routing(2))),
  'routing type 4': byHop(extended(routing(4))),
  'destination options': extended(destinationOptions),
  'destination options with an unknown option': extended([60, unknownOption]),
  'nested headers': extended(hopByHop, destinationOptions, atomic, destinationOptions),
  'hop-by-hop in the wrong place': extended(destinationOptions, hopByHop),
  'no next header': changed(() => ({ protocol: 59 })),
  'an unknown next header': changed(() => ({ protocol: 254 })),
} as const satisfies Readonly<Record<string, Wrap>>;

/** Shapes by which a bridge learns wrong stations. */
export const disturbingShapes: readonly string[] = ['frame from another container'];

export const plain: Wrap = changed(() => ({}));

export function shapesOf(family: Family): Readonly<Record<string, Wrap>> {
  return family === 4 ? shapes4 : shapes6;
}
