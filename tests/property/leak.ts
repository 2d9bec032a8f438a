/** Checks whether a packet may use the egress that it used. */
import { familyOf, isLinkLocal, mergeSubnets, overlaps } from '../../src/address/cidr.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { type HostRole } from '../../src/topology/role.ts';
import { hostRole } from '../../src/topology/topology.ts';
import { inSubnet } from '../fake-host/address.ts';
import { type Fate, fateOf } from '../fake-host/packet.ts';
import { remember, rememberOf } from '../fake-host/remember.ts';
import type { FakeState } from '../fake-host/state.ts';
import { destinations, sources } from './specs.ts';
import { inBoth } from './twins.ts';

/** Egress that one or two files (before and after a change) allow for one source. */
interface Allowance {
  readonly nextHops: readonly string[];
  readonly devices: readonly string[];
  readonly direct: readonly string[];
}

/** No mark, and our own, which only we may set. */
const allMarks = [0, 0x1000];
/** Packets with foreign marks: their bits must be kept, without effect. */
const foreign = { destinations: inBoth(['9.9.9.9']), mark: 0x2000 };

/**
 * First packet with an egress that none of these files allows.
 *
 * @param asked sources to check; default: all that any of the files redirects
 */
export function findLeak(
  state: FakeState,
  specs: readonly Spec[],
  asked: readonly string[] = specs.flatMap(redirectedSources),
  marks: readonly number[] = allMarks,
): string | undefined {
  const files = specs.map(readFile);
  const inside = files.flatMap((file) => file.inside);
  const nodes = files.flatMap((file) => file.nodes);
  for (const source of asked) {
    const allowed = files.map((file) => file.allowanceOf(source));
    for (const destination of destinationsOf[familyOf(source)]) {
      for (const { mark, ingress } of arrivals(state, source, destination, marks)) {
        const fate = fateOf(state, {
          source,
          destination,
          mark,
          ...(ingress === undefined ? {} : { ingress }),
        });
        const within = isIn(inside, destination);
        if (
          !allowed.some((one) => mayLeave(one, fate, destination)) &&
          !(within && reachesContainer(fate, destination, nodes))
        ) {
          return `${source} to ${destination} by ${ingress ?? 'some device'} with mark ${mark}: ${JSON.stringify(fate)}`;
        }
      }
    }
  }
  return undefined;
}

/** Arrivals by each bridge of a network that contains the source, and without a mark also by another device. */
function arrivals(
  state: FakeState,
  source: string,
  destination: string,
  marks: readonly number[],
): { readonly mark: number; readonly ingress?: string | undefined }[] {
  const all = foreign.destinations.includes(destination) ? [...marks, foreign.mark] : marks;
  const bridges = bridgesWith(state, source).map(({ bridge }) => bridge);
  if (bridges.length === 0) return all.map((mark) => ({ mark }));
  return [...bridges.flatMap((ingress) => all.map((mark) => ({ mark, ingress }))), { mark: 0 }];
}

/** Podman networks with a subnet that contains the address, and their bridges. */
export function bridgesWith(
  { files }: FakeState,
  source: string,
): readonly { readonly name: string; readonly bridge: string }[] {
  return podmanNetworks(files).filter(({ subnets }) => isIn(subnets, source));
}

const podmanNetworks = rememberOf((files: FakeState['files']) =>
  [...files].flatMap(([path, text]) => {
    if (!/^\/etc\/(?:cni\/net\.d|containers\/networks)\//.test(path)) return [];
    const bridge = /"(?:bridge|network_interface)": *"([^"]+)"/.exec(text)?.[1];
    const name = /"name": *"([^"]+)"/.exec(text)?.[1];
    const found = [...text.matchAll(/"subnet": *"([^"]+)"/g)].flatMap(([, subnet]) => subnet ?? []);
    return bridge === undefined || name === undefined ? [] : [{ name, bridge, subnets: found }];
  }),
);

const destinationsOf = {
  4: destinations.filter((one) => familyOf(one) === 4),
  6: destinations.filter((one) => familyOf(one) === 6),
};

/** Role of the host in a file, cached for all moments of a run. */
const readFile = rememberOf((spec: Spec) => {
  const role = hostRole(spec, 'here');
  return {
    inside: redirected(role),
    nodes: role.gateways.flatMap(({ served }) => served.map(({ nodeAddress }) => nodeAddress)),
    allowanceOf: remember((source) => allowanceOf(role, source)),
  };
});

/** Sources whose packets must be redirected or blocked. */
export function redirectedSources(spec: Spec): string[] {
  const subnets = readFile(spec).inside;
  return sources.filter((source) => isIn(subnets, source));
}

/**
 * Sources that only the first of two files redirects, and that are free with the other one. Until then they are
 * blocked, unless they overlap a subnet of the other file: overlapping elements of a set are replaced by new ones.
 */
export function leavingSources(spec: Spec, other: Spec): string[] {
  const others = readFile(other).inside;
  const apart = mergeSubnets(readFile(spec).inside).filter(
    (merged) => !others.some((subnet) => overlaps(merged, subnet)),
  );
  return sources.filter((source) => isIn(apart, source));
}

/** Foreign subnets have no egress here. */
function redirected({ networks, gateways, unservedSubnets = [] }: HostRole): string[] {
  return [
    ...networks.flatMap(({ subnets }) => subnets),
    ...gateways.flatMap(({ served }) => served.map(({ subnet }) => subnet)),
    ...unservedSubnets,
  ];
}

function allowanceOf({ networks, gateways }: HostRole, source: string): Allowance {
  const network = networks.find(({ subnets }) => isIn(subnets, source));
  const gateway = gateways.find(({ served }) => served.some(({ subnet }) => inSubnet(subnet, source)));
  const { via, device } = gateway?.uplink ?? {};
  // No egress is allowed for a blocked family.
  if (network?.blocked.includes(familyOf(source))) return { nextHops: [], devices: [], direct: [] };
  return {
    nextHops: [...(network?.nextHops ?? []), ...(via ?? []).map((hop) => wayBy(hop, device))],
    devices: device === undefined || via !== undefined ? [] : [device],
    direct: network?.direct ?? [],
  };
}

function mayLeave({ nextHops, devices, direct }: Allowance, fate: Fate, destination: string): boolean {
  return (
    fate.kind !== 'leaves' ||
    nextHops.includes(wayBy(fate.nextHop, fate.device)) ||
    devices.includes(fate.device) ||
    isIn(direct, destination)
  );
}

/** A link-local next hop is identified together with its link. */
function wayBy(hop: string, device: string | undefined): string {
  return isLinkLocal(hop) ? `${hop}%${device}` : hop;
}

/** Between redirected networks: to the bridge here, or to the node with the other network. */
function reachesContainer(fate: Fate, destination: string, nodes: readonly string[]): boolean {
  return fate.kind === 'leaves' && (fate.nextHop === destination || nodes.includes(fate.nextHop));
}

function isIn(subnets: readonly string[], address: string): boolean {
  return subnets.some((subnet) => inSubnet(subnet, address));
}
