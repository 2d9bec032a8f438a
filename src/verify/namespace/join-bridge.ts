/** Joins a namespace to a bridge like an engine joins a container, with an address that is probed to be free. */
import * as z from 'zod';
import { type Address, type Subnet, familyOf, prefixLength } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/process/background.ts';
import { runOrFail } from '../../host/process/exec.ts';
import type { LiveHost } from '../live-host.ts';
import { refuseUsedAddress } from './used-address.ts';
import { type Veth, configureNamespace, configureHost, insideLink } from './veth.ts';

export interface BridgePort {
  readonly kind: 'bridge';
  readonly bridge: string;
  readonly subnet: Subnet;
  /** the bridge's own address, default router of the containers */
  readonly gateway: Address;
}

/** Throws `busy` when the address is in use. */
export async function joinToBridge(host: LiveHost, veth: Veth, attachment: BridgePort): Promise<void> {
  const { name, address } = veth;
  await configureHost(host, [
    `link set ${name} addrgenmode none`,
    `link set ${name} master ${attachment.bridge}`,
    `link set ${name} up`,
  ]);
  await configureNamespace(host, veth, [
    `link set ${insideLink} addrgenmode none`,
    `link set ${insideLink} up`,
  ]);
  await waitForForwarding(host, veth, attachment);
  await refuseUsedAddress(host, veth, attachment.subnet);
  const nodad = familyOf(address) === 6 ? ' nodad' : '';
  await configureNamespace(host, veth, [
    `address add ${address}/${prefixLength(attachment.subnet)} dev ${insideLink}${nodad}`,
    `route add default via ${attachment.gateway}`,
  ]);
}

const portSchema = z.array(
  z.object({
    linkinfo: z.object({ info_slave_data: z.object({ state: z.string() }).optional() }).optional(),
  }),
);

/** Waits until the bridge forwards to the new port. Throws with a spanning tree, which blocks a port for 30 s. */
async function waitForForwarding(host: LiveHost, { name }: Veth, { bridge }: BridgePort): Promise<void> {
  const forwards = await waitUntil(async () => {
    const text = await runOrFail(host.exec, ['ip', '-j', '-d', 'link', 'show', name]);
    return portSchema.parse(JSON.parse(text))[0]?.linkinfo?.info_slave_data?.state === 'forwarding';
  }, 2000);
  if (forwards) return;
  throw new MustredirectError('failed', `${bridge}: it does not forward for a new port yet`, {
    hint: 'its spanning tree makes new ports wait: start a container of the network, and verify again',
  });
}
