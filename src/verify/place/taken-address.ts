/** Whether somebody on a bridge has an address, asked from inside a namespace that has none of its own yet. */
import * as z from 'zod';
import { type Address, type Subnet, familyOf, prefixLength } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/process/background.ts';
import { runOrFail } from '../../host/process/exec.ts';
import { type Neighbour, readNeighbours } from '../../host/ip/neighbours.ts';
import type { Exec } from '../../host/ports.ts';
import { type LiveHost, execIn } from '../live-host.ts';
import { makeProbes } from '../probe/probe.ts';
import { sendProbes } from '../probe/sender.ts';
import { type Veth, configureInside, insideLink } from './veth.ts';

/** Throws `busy` when somebody has it; afterwards it is still no address of the namespace. */
export async function refuseTaken(host: LiveHost, veth: Veth, subnet: Subnet): Promise<void> {
  const ask = familyOf(veth.address) === 4 ? answersArp : failsDad;
  const taken = await ask(host, veth, subnet);
  await configureInside(host, veth, [`address flush dev ${insideLink}`]);
  if (!taken) return;
  throw new MustredirectError('busy', `${veth.address}: in use, although the engine does not list it`);
}

/** Three requests, this many milliseconds apart: then the kernel says that nobody is there. */
const requestInterval = 50;
/** milliseconds; what is needed is `3 * requestInterval`, the rest is for a busy machine */
const verdictTimeout = 3000;

/** Link-local, for the moment of asking */
const asker = '169.254.0.2';
const discardPort = 9;

/**
 * Asks who has the address, without one of our own (RFC 5227): a request that names an asker is answered only
 * by those who have a route to it, and whose arp_ignore allows it. From inside: on the host the packet's way
 * would depend on the very rules that are to be verified.
 */
async function answersArp(host: LiveHost, veth: Veth, subnet: Subnet): Promise<boolean> {
  const { address, pid } = veth;
  const inside = execIn(host, pid);
  await configureInside(host, veth, [
    `ntable change name arp_cache dev ${insideLink} retrans ${requestInterval}`,
    // Not to be told to others: then arp_announce 2 finds no address to name.
    `address add ${asker}/32 dev ${insideLink} scope host`,
    `route add ${subnet} dev ${insideLink} src ${asker}`,
  ]);
  await setInside(inside, 4, { arp_announce: 2 });
  const knock = makeProbes(asker, [{ address, port: discardPort }]);
  await sendProbes(inside, host.node, knock, requestInterval);
  let found: Neighbour | undefined;
  await waitUntil(async () => {
    found = (await readNeighbours(inside)).find(({ dst }) => dst === address);
    return found?.lladdr !== undefined || found?.state.includes('FAILED') === true;
  }, verdictTimeout);
  return !found?.state.includes('FAILED');
}

/** One that another host has stays tentative, and says why. */
const stateSchema = z.object({
  local: z.string().optional(),
  tentative: z.boolean().default(false),
  dadfailed: z.boolean().default(false),
});
type AddressState = Omit<z.infer<typeof stateSchema>, 'local'>;
const addressSchema = z.array(z.object({ addr_info: z.array(stateSchema).default([]) }));

/** Takes it, and lets the kernel find out whether another one has it already (RFC 4862): that is what it is for. */
async function failsDad(host: LiveHost, veth: Veth, subnet: Subnet): Promise<boolean> {
  const { address, pid } = veth;
  const inside = execIn(host, pid);
  await configureInside(host, veth, [
    `ntable change name ndisc_cache dev ${insideLink} retrans ${requestInterval}`,
  ]);
  // At once, three times; and no router shall say where the way out is.
  await setInside(inside, 6, { accept_dad: 1, dad_transmits: 3, router_solicitation_delay: 0, accept_ra: 0 });
  await configureInside(host, veth, [`address add ${address}/${prefixLength(subnet)} dev ${insideLink}`]);
  let state: AddressState = { tentative: true, dadfailed: false };
  await waitUntil(async () => {
    state = await readAddress(inside, address);
    return state.dadfailed || !state.tentative;
  }, verdictTimeout);
  return state.tentative;
}

async function readAddress(inside: Exec, address: Address): Promise<AddressState> {
  const text = await runOrFail(inside, ['ip', '-j', '-6', 'address', 'show', 'dev', insideLink]);
  const states = addressSchema.parse(JSON.parse(text)).flatMap(({ addr_info }) => addr_info);
  return states.find(({ local }) => local === address) ?? { tentative: true, dadfailed: false };
}

/** @param values below /proc/sys/net/ipv4 or ipv6, of the link inside */
async function setInside(
  inside: Exec,
  family: 4 | 6,
  values: Readonly<Record<string, number>>,
): Promise<void> {
  const folder = `/proc/sys/net/ipv${family}/conf/${insideLink}`;
  const script = Object.entries(values).map(([name, value]) => `echo ${value} >${folder}/${name}`);
  await runOrFail(inside, ['sh', '-ec', script.join('\n')]);
}
