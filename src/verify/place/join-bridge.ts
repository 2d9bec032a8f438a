/** Joins a namespace to a bridge, as an engine joins a container, with an address that is proven free. */
import * as z from 'zod';
import { type Address, type Subnet, familyOf, prefixLength } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/process/background.ts';
import { runOrFail } from '../../host/process/exec.ts';
import type { LiveHost } from '../live-host.ts';
import { refuseTaken } from './taken-address.ts';
import { type Veth, configureInside, configureOutside, insideLink } from './veth.ts';

export interface BridgeJoint {
  readonly kind: 'bridge';
  readonly bridge: string;
  readonly subnet: Subnet;
  /** the bridge's own address, the containers' way out */
  readonly gateway: Address;
}

/** Throws `busy` when somebody has the address. */
export async function joinToBridge(host: LiveHost, veth: Veth, joint: BridgeJoint): Promise<void> {
  const { name, address } = veth;
  await configureOutside(host, [
    `link set ${name} addrgenmode none`,
    `link set ${name} master ${joint.bridge}`,
    `link set ${name} up`,
  ]);
  await configureInside(host, veth, [`link set ${insideLink} addrgenmode none`, `link set ${insideLink} up`]);
  await forwarding(host, veth, joint);
  await refuseTaken(host, veth, joint.subnet);
  const nodad = familyOf(address) === 6 ? ' nodad' : '';
  await configureInside(host, veth, [
    `address add ${address}/${prefixLength(joint.subnet)} dev ${insideLink}${nodad}`,
    `route add default via ${joint.gateway}`,
  ]);
}

const portSchema = z.array(
  z.object({
    linkinfo: z.object({ info_slave_data: z.object({ state: z.string() }).optional() }).optional(),
  }),
);

/** A bridge with a spanning tree keeps a new port waiting for half a minute: longer than we would. */
async function forwarding(host: LiveHost, { name }: Veth, { bridge }: BridgeJoint): Promise<void> {
  const forwards = await waitUntil(async () => {
    const text = await runOrFail(host.exec, ['ip', '-j', '-d', 'link', 'show', name]);
    return portSchema.parse(JSON.parse(text))[0]?.linkinfo?.info_slave_data?.state === 'forwarding';
  }, 2000);
  if (forwards) return;
  throw new MustredirectError('failed', `${bridge}: it does not forward for a new port yet`, {
    hint: 'its spanning tree makes new ports wait: start a container of the network, and verify again',
  });
}
