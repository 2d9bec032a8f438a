/** Joins a namespace to a bridge, as an engine joins a container, with an address that is proven free. */
import * as z from 'zod';
import { type Address, type Subnet, prefixLength } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/background.ts';
import { runOrFail } from '../../host/exec.ts';
import { type Neighbour, readNeighbours } from '../../host/ip-neighbours.ts';
import { type LiveHost, execIn } from './live-host.ts';
import { makeProbes } from './probe.ts';
import { sendProbes } from './sender.ts';
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
  await refuseTaken(host, veth, joint);
  await configureInside(host, veth, [
    `address flush dev ${insideLink}`,
    `address add ${address}/${prefixLength(joint.subnet)} dev ${insideLink}`,
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

/** Link-local, for the moment of asking */
const asker = '169.254.0.2';
const discardPort = 9;
/** Three requests, this many milliseconds apart: then the kernel says that nobody is there. */
const requestInterval = 50;
/** milliseconds; what is needed is `3 * requestInterval`, the rest is for a busy machine */
const verdictTimeout = 3000;

/**
 * Asks who has the address, without one of our own (RFC 5227): a request that names an asker is answered only
 * by those who have a route to it, and whose arp_ignore allows it. From inside: on the host the packet's way
 * would depend on the very rules that are to be verified.
 */
async function refuseTaken(host: LiveHost, veth: Veth, { subnet }: BridgeJoint): Promise<void> {
  const { address, pid } = veth;
  const inside = execIn(host, pid);
  await configureInside(host, veth, [
    `ntable change name arp_cache dev ${insideLink} retrans ${requestInterval}`,
    // Not to be told to others: then arp_announce 2 finds no address to name.
    `address add ${asker}/32 dev ${insideLink} scope host`,
    `route add ${subnet} dev ${insideLink} src ${asker}`,
  ]);
  await runOrFail(inside, ['sh', '-c', `echo 2 >/proc/sys/net/ipv4/conf/${insideLink}/arp_announce`]);
  const knock = makeProbes(asker, [{ address, port: discardPort }]);
  await sendProbes(inside, host.node, knock, requestInterval);
  let found: Neighbour | undefined;
  await waitUntil(async () => {
    found = (await readNeighbours(inside)).find(({ dst }) => dst === address);
    return found?.lladdr !== undefined || found?.state.includes('FAILED') === true;
  }, verdictTimeout);
  if (found?.state.includes('FAILED')) return;
  throw new MustredirectError('busy', `${address}: somebody has it, though the engine does not say so`);
}
