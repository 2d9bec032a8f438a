/** Decodes OSPF packets (RFC 2328, RFC 5340), as far as they tell why two routers do not become neighbours. */
import type { Signed } from './md5-signature.ts';

export interface OspfMessage {
  readonly kind: 'ospf';
  readonly version: 2 | 3;
  readonly type: OspfType;
  readonly router: string;
  readonly area: number;
  /** version 3; RFC 7166 is `cryptographic` */
  readonly authentication: 'none' | 'plain' | 'cryptographic';
  /** keyed MD5 of version 2 */
  readonly signed?: Signed & { readonly keyId: number };
  readonly hello?: OspfHello;
  /** database description: MTU of the sender's interface */
  readonly mtu?: number;
}

export type OspfType = 'hello' | 'database description' | 'other';

export interface OspfHello {
  /** seconds */
  readonly hello: number;
  readonly dead: number;
  /** version 2: prefix length of the sender's link */
  readonly prefixLength?: number;
  /** external routes are accepted: the area is no stub */
  readonly external: boolean;
  /** `0.0.0.0`: the sender knows of none, or its link is point-to-point */
  readonly designated: string;
  /** router ids */
  readonly neighbors: readonly string[];
}

const types: Readonly<Record<number, OspfType>> = { 1: 'hello', 2: 'database description' };
const authentications: Readonly<Record<number, OspfMessage['authentication']>> = {
  0: 'none',
  1: 'plain',
};
/** options: E of both versions, and AT of version 3 */
const [external, trailer] = [0x02, 0x0400];

export function decodeOspf(packet: Buffer): OspfMessage | undefined {
  const version = packet.readUInt8(0);
  const common = {
    kind: 'ospf',
    type: types[packet.readUInt8(1)] ?? 'other',
    router: dotted(packet, 4),
    area: packet.readUInt32BE(8),
  } as const;
  if (version === 2) return { ...common, version, ...decodeVersion2(packet, common.type) };
  if (version === 3) return { ...common, version, ...decodeVersion3(packet, common.type) };
  return undefined;
}

type Rest = Pick<OspfMessage, 'authentication' | 'signed' | 'hello' | 'mtu'>;

function decodeVersion2(packet: Buffer, type: OspfType): Rest {
  const { [packet.readUInt16BE(14)]: authentication = 'cryptographic' } = authentications;
  const end = packet.readUInt16BE(2);
  const body = packet.subarray(24, end);
  return {
    authentication,
    ...(authentication === 'cryptographic' ? signedOf(packet, end) : {}),
    ...(type === 'hello' ? { hello: helloOf2(body) } : {}),
    ...(type === 'database description' ? { mtu: body.readUInt16BE(0) } : {}),
  };
}

/** RFC 2328, D.4.3: the digest is behind the packet, and covers the password, filled up to 16 bytes. */
function signedOf(packet: Buffer, end: number): Pick<OspfMessage, 'signed'> {
  const length = packet.readUInt8(19);
  if (packet.length < end + length) return {};
  return {
    signed: {
      keyId: packet.readUInt8(18),
      covered: packet.subarray(0, end),
      passwordLength: 16,
      digest: packet.subarray(end, end + length),
    },
  };
}

function helloOf2(body: Buffer): OspfHello {
  return {
    prefixLength: lengthOf(body.readUInt32BE(0)),
    hello: body.readUInt16BE(4),
    external: (body.readUInt8(6) & external) !== 0,
    dead: body.readUInt32BE(8),
    designated: dotted(body, 12),
    neighbors: addressesIn(body.subarray(20)),
  };
}

function decodeVersion3(packet: Buffer, type: OspfType): Rest {
  const body = packet.subarray(16, packet.readUInt16BE(2));
  // In both types, options are three bytes from the second word on.
  const options = type === 'hello' ? body.readUIntBE(5, 3) : body.readUIntBE(1, 3);
  const known = type !== 'other';
  return {
    authentication: known && (options & trailer) !== 0 ? 'cryptographic' : 'none',
    ...(type === 'hello' ? { hello: helloOf3(body, options) } : {}),
    ...(type === 'database description' ? { mtu: body.readUInt16BE(4) } : {}),
  };
}

function helloOf3(body: Buffer, options: number): OspfHello {
  return {
    external: (options & external) !== 0,
    hello: body.readUInt16BE(8),
    dead: body.readUInt16BE(10),
    designated: dotted(body, 12),
    neighbors: addressesIn(body.subarray(20)),
  };
}

function dotted(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join('.');
}

function addressesIn(bytes: Buffer): string[] {
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => dotted(bytes, 4 * i));
}

function lengthOf(mask: number): number {
  return Math.clz32(~mask >>> 0);
}
