/** Says whether a packet may go the way that it went. */
import * as cidr from '../../src/address/cidr.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { type HostRole, hostRole } from '../../src/topology/role.ts';
import { type Fate, fateOf } from '../fake-host/packet.ts';
import { remember } from '../fake-host/remember.ts';
import type { FakeState } from '../fake-host/state.ts';
import { destinations, sources } from './specs.ts';

const contains = remember(cidr.contains);

/** What one or two files (before and after a change) allow to one source. */
interface Allowance {
  readonly nextHops: readonly string[];
  readonly devices: readonly string[];
  readonly direct: readonly string[];
}

/** Of nobody, our own, which only we may set, and another's. */
const allMarks = [0, 0x1000, 0x2000];

/** The first packet that goes a way that neither file allows, of sources that both redirect. */
export function findLeak(
  state: FakeState,
  specs: readonly Spec[],
  marks: readonly number[] = allMarks,
): string | undefined {
  const roles = specs.map((spec) => hostRole(spec, 'here'));
  const inside = roles.flatMap(redirected);
  const nodes = roles.flatMap(({ gateways }) =>
    gateways.flatMap(({ served }) => served.map((s) => s.nodeAddress)),
  );
  for (const source of sources.filter((address) => roles.every((role) => isIn(redirected(role), address)))) {
    const allowed = roles.map((role) => allowanceOf(role, source));
    for (const destination of destinations) {
      for (const mark of marks) {
        const fate = fateOf(state, { source, destination, mark });
        const within = isIn(inside, destination);
        if (
          !allowed.some((one) => mayLeave(one, fate, destination)) &&
          !(within && reachesContainer(fate, destination, nodes))
        ) {
          return `${source} to ${destination} with mark ${mark}: ${JSON.stringify(fate)}`;
        }
      }
    }
  }
  return undefined;
}

/** Whether the file has anything for this host that could leak. */
export function redirectsHere(spec: Spec): boolean {
  const role = hostRole(spec, 'here');
  return sources.some((source) => isIn(redirected(role), source));
}

function redirected({ networks, gateways }: HostRole): string[] {
  return [
    ...networks.flatMap(({ subnets }) => subnets),
    ...gateways.flatMap(({ served }) => served.map(({ subnet }) => subnet)),
  ];
}

function allowanceOf({ networks, gateways }: HostRole, source: string): Allowance {
  const network = networks.find(({ subnets }) => isIn(subnets, source));
  const gateway = gateways.find(({ served }) => served.some(({ subnet }) => contains(subnet, source)));
  const { via, device } = gateway?.uplink ?? {};
  return {
    nextHops: [...(network?.nextHops ?? []), ...(via === undefined ? [] : [via])],
    devices: device === undefined || via !== undefined ? [] : [device],
    direct: network?.direct ?? [],
  };
}

function mayLeave({ nextHops, devices, direct }: Allowance, fate: Fate, destination: string): boolean {
  return (
    fate.kind !== 'leaves' ||
    nextHops.includes(fate.nextHop) ||
    devices.includes(fate.device) ||
    isIn(direct, destination)
  );
}

/** Between redirected networks: to the bridge here, or to the node that has the other one. */
function reachesContainer(fate: Fate, destination: string, nodes: readonly string[]): boolean {
  return fate.kind === 'leaves' && (fate.nextHop === destination || nodes.includes(fate.nextHop));
}

function isIn(subnets: readonly string[], address: string): boolean {
  return subnets.some((subnet) => contains(subnet, address));
}
