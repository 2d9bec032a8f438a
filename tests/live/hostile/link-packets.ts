/** Forged link-local packets: neighbours, routers and addresses of other hosts. */
import type { Address } from '../../../src/address/cidr.ts';
import { addressBytes, macBytes, u16, u32, withChecksum } from './bytes.ts';
import { etherTypes, frame, ipPacket, pseudoHeader } from './ip.ts';
import { marker } from './marker.ts';
import type { LinkAddresses, Recipe } from './packets.ts';
import type { Role, Scene } from './scene.ts';

const everybody = 'ff:ff:ff:ff:ff:ff';
const arpType = 0x0806;

/** Roles that the hostile container impersonates. */
const claimed: readonly Role[] = ['own bridge', 'same network', 'node', 'gateway', 'post', 'plain', 'isp'];

export function linkPackets(scene: Scene, macs: LinkAddresses): readonly Recipe[] {
  const forge = scene.family === 4 ? arp : neighbour;
  return claimed.flatMap((role) =>
    (['request', 'reply'] as const).map((kind) => ({
      name: `${role}, claimed by a neighbour ${kind}`,
      source: role,
      disturbs: true as const,
      allowed: [],
      frames: (id: number) => [
        forge(scene, macs, { claimed: scene.addresses[role], isReply: kind === 'reply', id }),
      ],
    })),
  );
}

interface Claim {
  readonly claimed: Address;
  readonly isReply: boolean;
  readonly id: number;
}

function arp(scene: Scene, macs: LinkAddresses, claim: Claim): Buffer {
  const asked = addressBytes(scene.addresses[claim.isReply ? 'own bridge' : 'gateway']);
  const body = Buffer.concat([
    u16(1, etherTypes[4]),
    Buffer.from([6, 4]),
    u16(claim.isReply ? 2 : 1),
    macBytes(macs.own),
    addressBytes(claim.claimed),
    macBytes(claim.isReply ? macs.bridge : '00:00:00:00:00:00'),
    asked,
    // After the end of the packet, where a switch pads it.
    marker(claim.id, 3),
  ]);
  return frame({ from: macs.own, to: claim.isReply ? macs.bridge : everybody }, arpType, body);
}

const icmpv6 = 58;
const allNodes = 'ff02::1';

/** Solicitation for the gateway from the claimed address, or an unsolicited advertisement with the override flag. */
function neighbour(scene: Scene, macs: LinkAddresses, { claimed: address, isReply, id }: Claim): Buffer {
  const option = Buffer.concat([Buffer.from([isReply ? 2 : 1, 1]), macBytes(macs.own)]);
  const unknown = Buffer.concat([Buffer.from([253, 2]), marker(id), Buffer.alloc(6)]);
  const target = addressBytes(isReply ? address : scene.addresses['own bridge']);
  const kind = isReply ? [136, 0, 0, 0] : [135, 0, 0, 0];
  const flags = u32(isReply ? 0x20_00_00_00 : 0);
  const bytes = Buffer.concat([Buffer.from(kind), flags, target, option, unknown]);
  const checked = withChecksum(bytes, 2, pseudoHeader(address, allNodes, icmpv6, bytes.length));
  const options = {
    source: address,
    destination: allNodes,
    protocol: icmpv6,
    payload: checked,
    ttl: 255,
    label: id,
  };
  return frame({ from: macs.own, to: '33:33:00:00:00:01' }, etherTypes[6], ipPacket(6, options));
}
