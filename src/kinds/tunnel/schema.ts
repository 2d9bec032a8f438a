import * as z from 'zod';
import { devicePattern, keyFilePattern, publicKeyPattern } from '../../spec/values.ts';
import { address, strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Kinds of the kernel, as in `ip -d link`. `sit` in mode any carries IPv4 and IPv6 over IPv4, and speaks to an `ipip` device. */
export const ipTunnelTypes = ['gre', 'ip6gre', 'sit', 'ip6tnl'] as const;

/** Tunnel device that is ours, with its addresses. */
export type Tunnel = IpTunnel | Wireguard;
export type IpTunnel = Plain<typeof ipTunnelSchema>;
export type Wireguard = Plain<typeof wireguardSchema>;
export type WireguardPeer = Wireguard['peers'][number];

const common = {
  kind: z.literal('tunnel'),
  device: z.string().regex(devicePattern, 'not a device name'),
  /** bytes */
  mtu: z.number(),
  /** addresses of the device with prefix length, without link-local ones that the kernel gives */
  addresses: z.array(z.string()),
  /** administratively down */
  down: z.literal(true).exactOptional(),
};

const ipTunnelSchema = z.object({
  ...common,
  type: z.enum(ipTunnelTypes),
  local: address,
  remote: address,
  /** GRE key, the same in both directions */
  key: z.number().exactOptional(),
  ttl: z.number(),
});

const publicKey = z.string().regex(publicKeyPattern, 'not a public key');

const keyFile = z.string().regex(keyFilePattern, 'not the path of a key file');

/**
 * Keys are nowhere but in their files: two private keys are compared by their public halves, and two preshared keys by
 * their digests.
 */
const wireguardSchema = z.object({
  ...common,
  type: z.literal('wireguard'),
  /** path of the file with the private key, which the device has in its alias */
  privateKeyFile: keyFile.exactOptional(),
  /** path of the file with the preshared key of its peer, which the device has in its alias */
  presharedKeyFile: keyFile.exactOptional(),
  /** absent: the device has no key */
  publicKey: publicKey.exactOptional(),
  /** UDP port; absent: not yet chosen by the kernel */
  listenPort: z.number().exactOptional(),
  /** sorted by public key */
  peers: z.array(
    z.object({
      publicKey,
      /** address and port: `[2001:db8::1]:51820` */
      endpoint: z
        .string()
        .regex(/^\S+:\d+$/, 'not an endpoint')
        .exactOptional(),
      /** sorted subnets */
      allowedIps: strings,
      /** seconds */
      keepalive: z.number().exactOptional(),
      /** of its preshared key; absent: it has none */
      presharedKeyDigest: z
        .string()
        .regex(/^[\da-f]{64}$/, 'not a digest')
        .exactOptional(),
    }),
  ),
});

export const tunnelSchema = z.discriminatedUnion('type', [ipTunnelSchema, wireguardSchema]);
