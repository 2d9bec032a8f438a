/**
 * Warns about paths around a network's bridge: rules by ingress device match only packets that arrive on the bridge
 * itself, and this host does not route frames between two ports of a bridge.
 */
import { type Family, families } from '../../../address/cidr.ts';
import { isOpen } from '../../addresses.ts';
import type { Facts, Link } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import { otherSubnetsOnBridge } from '../../engines/bridge.ts';
import type { Warning } from '../../redirect.ts';

/** Links by the link that they are attached to. Built once for all networks of a host. */
export interface LinkIndex {
  /** name of a bridge -> its ports */
  readonly ports: ReadonlyMap<string, readonly Link[]>;
  /** name of a link -> the links on top of it */
  readonly stacked: ReadonlyMap<string, readonly Link[]>;
}

/** Types of ports that lead to one container or virtual machine, or nowhere. */
const plainPorts: ReadonlySet<string> = new Set(['veth', 'tun', 'netkit', 'dummy', 'ifb']);

export function indexLinks(links: readonly Link[]): LinkIndex {
  return {
    ports: groupLinks(links, ({ master }) => master),
    stacked: groupLinks(links, ({ parent }) => parent),
  };
}

/** @param bridge device name, if known */
export function bridgePorts(
  network: NodeNetwork,
  bridge: string | undefined,
  index: LinkIndex,
  facts: Facts,
): Warning[] {
  if (bridge === undefined) return network.engine === 'external' ? [unknownBridge(network)] : [];
  return [
    ...stackedOn(bridge, index).map((link) => stackedLink(network, bridge, link)),
    ...(index.ports.get(bridge) ?? []).flatMap((port) => portWarning(network, bridge, port)),
    ...families
      .filter((family) => isOpen(network, family))
      .flatMap((family) => otherSubnets(network, bridge, family, facts)),
  ];
}

function groupLinks(
  links: readonly Link[],
  keyOf: (link: Link) => string | undefined,
): Map<string, readonly Link[]> {
  const groups = new Map<string, Link[]>();
  for (const link of links) {
    const key = keyOf(link);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(link);
    else groups.set(key, [link]);
  }
  return groups;
}

/** Includes links on top of such links: a macvlan on a VLAN of the bridge. */
function stackedOn(name: string, index: LinkIndex): readonly Link[] {
  const links = index.stacked.get(name) ?? [];
  return [...links, ...links.flatMap((link) => stackedOn(link.name, index))];
}

function unknownBridge({ name, subnets }: NodeNetwork): Warning {
  return {
    message: `network ${name}: its bridge is not known, because no bridge has an address in ${subnets.join(', ')} yet: source addresses are checked from the next apply after the bridge exists`,
    hint: 'write `bridge: NAME` into the network: it is then closed by that name before the bridge exists',
  };
}

function stackedLink({ name }: NodeNetwork, bridge: string, link: Link): Warning {
  return {
    message: `network ${name}: ${described(link)} is on top of its bridge ${bridge}: what containers send to ${link.name} comes in by ${link.name}, where source addresses are not checked`,
    hint: `\`ip link delete ${link.name}\`, or move it into another network namespace; this host reaches the containers by ${bridge} itself`,
  };
}

function portWarning({ name }: NodeNetwork, bridge: string, port: Link): Warning[] {
  const remove = `\`ip link set ${port.name} nomaster\` takes it out of the bridge`;
  if (port.pair !== undefined) {
    return [
      {
        message: `network ${name}: ${described(port)} is a port of its bridge ${bridge}, and its other end ${port.pair} is on this host too: what containers send to ${port.pair} comes in by ${port.pair}, where source addresses are not checked`,
        hint: `${remove}; this host reaches the containers by ${bridge} itself`,
      },
    ];
  }
  if (port.type !== undefined && plainPorts.has(port.type)) return [];
  return [
    {
      message: `network ${name}: ${described(port)} is a port of its bridge ${bridge}: frames of containers leave by it without being routed by this host, so that a router behind ${port.name} can take them past the gateway`,
      hint: `${remove}; mustredirect does not filter between the ports of a bridge`,
    },
  ];
}

function otherSubnets(network: NodeNetwork, bridge: string, family: Family, facts: Facts): Warning[] {
  const others = otherSubnetsOnBridge(network, bridge, family, facts);
  if (others.length === 0) return [];
  return [
    {
      message: `network ${network.name}: its bridge ${bridge} also has an address in ${others.join(', ')}: a container that takes a source address of that subnet is not redirected`,
      hint: 'give the network a bridge of its own',
    },
  ];
}

function described({ name, type }: Link): string {
  return type === undefined ? `${name} (a physical device)` : `${name} (${type})`;
}
