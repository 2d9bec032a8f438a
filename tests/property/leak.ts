/** Says whether a packet may go the way that it went. */
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

/** What one or two files (before and after a change) allow to one source. */
interface Allowance {
  readonly nextHops: readonly string[];
  readonly devices: readonly string[];
  readonly direct: readonly string[];
}

/** Of nobody, and our own, which only we may set. */
const allMarks = [0, 0x1000];
/** Where marks of others are tried too: their bits must be kept, and change nothing. */
const foreign = { destinations: inBoth(['9.9.9.9']), mark: 0x2000 };

/**
 * The first packet that goes a way that none of these files allows.
 *
 * @param asked the sources that are looked at; default: all that any of the files redirects
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

/** By each bridge of a network that has it; and without a mark also by a device that is no bridge of ours. */
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

/** The podman networks, with their bridges, whose subnets have an address. */
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

/** What a file says of the host, read once: every moment of a run asks for it again. */
const readFile = rememberOf((spec: Spec) => {
  const role = hostRole(spec, 'here');
  return {
    inside: redirected(role),
    nodes: role.gateways.flatMap(({ served }) => served.map(({ nodeAddress }) => nodeAddress)),
    allowanceOf: remember((source) => allowanceOf(role, source)),
  };
});

/** The sources that must not leave by themselves. */
export function redirectedSources(spec: Spec): string[] {
  const subnets = readFile(spec).inside;
  return sources.filter((source) => isIn(subnets, source));
}

/**
 * Those that only the first of two files redirects, and that are free when the other one holds. They are closed
 * until then where nothing of the other file overlaps: in a set, what overlaps gives way to what is new.
 */
export function leavingSources(spec: Spec, other: Spec): string[] {
  const others = readFile(other).inside;
  const apart = mergeSubnets(readFile(spec).inside).filter(
    (merged) => !others.some((subnet) => overlaps(merged, subnet)),
  );
  return sources.filter((source) => isIn(apart, source));
}

/** Those of others have no way out here. */
function redirected({ networks, gateways, others = [] }: HostRole): string[] {
  return [
    ...networks.flatMap(({ subnets }) => subnets),
    ...gateways.flatMap(({ served }) => served.map(({ subnet }) => subnet)),
    ...others,
  ];
}

function allowanceOf({ networks, gateways }: HostRole, source: string): Allowance {
  const network = networks.find(({ subnets }) => isIn(subnets, source));
  const gateway = gateways.find(({ served }) => served.some(({ subnet }) => inSubnet(subnet, source)));
  const { via, device } = gateway?.uplink ?? {};
  // Nothing that a family which is blocked could go by is its way.
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

/** A link-local next hop is one only with its link. */
function wayBy(hop: string, device: string | undefined): string {
  return isLinkLocal(hop) ? `${hop}%${device}` : hop;
}

/** Between redirected networks: to the bridge here, or to the node that has the other one. */
function reachesContainer(fate: Fate, destination: string, nodes: readonly string[]): boolean {
  return fate.kind === 'leaves' && (fate.nextHop === destination || nodes.includes(fate.nextHop));
}

function isIn(subnets: readonly string[], address: string): boolean {
  return subnets.some((subnet) => inSubnet(subnet, address));
}
