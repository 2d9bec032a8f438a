/** Checks whether an address on a bridge is in use, from inside a namespace that has no address there yet. */
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
import { type Veth, configureNamespace, insideLink } from './veth.ts';

/** Throws `busy` when the address is in use; afterwards, the namespace does not have it either. */
export async function refuseUsedAddress(host: LiveHost, veth: Veth, subnet: Subnet): Promise<void> {
  const detects = familyOf(veth.address) === 4 ? repliesToArp : isDuplicate;
  const isUsed = await detects(host, veth, subnet);
  await configureNamespace(host, veth, [`address flush dev ${insideLink}`]);
  if (!isUsed) return;
  throw new MustredirectError('busy', `${veth.address}: in use, although the engine does not list it`);
}

/** Milliseconds between requests: after three, the kernel reports failure. */
const requestInterval = 50;
/** milliseconds; the check needs `3 * requestInterval`, the rest is for a busy machine */
const verdictTimeout = 3000;

/** temporary link-local source address */
const arpSource = '169.254.0.2';
const discardPort = 9;

/**
 * Sends ARP requests without a sender address (RFC 5227): a request with one gets replies only from hosts that have a
 * route to it and whose arp_ignore allows it. The requests start inside the namespace, since on the host their egress
 * would depend on the rules under verification.
 */
async function repliesToArp(host: LiveHost, veth: Veth, subnet: Subnet): Promise<boolean> {
  const { address, pid } = veth;
  const inside = execIn(host, pid);
  await configureNamespace(host, veth, [
    `ntable change name arp_cache dev ${insideLink} retrans ${requestInterval}`,
    // Scope host keeps the address out of requests: with arp_announce 2, no sender address is left.
    `address add ${arpSource}/32 dev ${insideLink} scope host`,
    `route add ${subnet} dev ${insideLink} src ${arpSource}`,
  ]);
  await setInside(inside, 4, { arp_announce: 2 });
  const probes = makeProbes(arpSource, [{ address, port: discardPort }]);
  await sendProbes(inside, host.node, probes, requestInterval);
  let found: Neighbour | undefined;
  await waitUntil(async () => {
    found = (await readNeighbours(inside)).find(({ dst }) => dst === address);
    return found?.lladdr !== undefined || found?.state.includes('FAILED') === true;
  }, verdictTimeout);
  return !found?.state.includes('FAILED');
}

/** An address that another host has stays tentative, with dadfailed set. */
const stateSchema = z.object({
  local: z.string().optional(),
  tentative: z.boolean().default(false),
  dadfailed: z.boolean().default(false),
});
type AddressState = Omit<z.infer<typeof stateSchema>, 'local'>;
const addressSchema = z.array(z.object({ addr_info: z.array(stateSchema).default([]) }));

/** Adds the address and lets the kernel detect a duplicate (RFC 4862). */
async function isDuplicate(host: LiveHost, veth: Veth, subnet: Subnet): Promise<boolean> {
  const { address, pid } = veth;
  const inside = execIn(host, pid);
  await configureNamespace(host, veth, [
    `ntable change name ndisc_cache dev ${insideLink} retrans ${requestInterval}`,
  ]);
  // Three requests without delay, and no default route from router advertisements.
  await setInside(inside, 6, { accept_dad: 1, dad_transmits: 3, router_solicitation_delay: 0, accept_ra: 0 });
  await configureNamespace(host, veth, [`address add ${address}/${prefixLength(subnet)} dev ${insideLink}`]);
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

/** @param values sysctls of the inside link, below /proc/sys/net/ipv4 or ipv6 */
async function setInside(
  inside: Exec,
  family: 4 | 6,
  values: Readonly<Record<string, number>>,
): Promise<void> {
  const folder = `/proc/sys/net/ipv${family}/conf/${insideLink}`;
  const script = Object.entries(values).map(([name, value]) => `echo ${value} >${folder}/${name}`);
  await runOrFail(inside, ['sh', '-ec', script.join('\n')]);
}
