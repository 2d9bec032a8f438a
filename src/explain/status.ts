/** What is redirected, by which gateway, how much, and what the guard stopped. */
import type { Prepared, Target } from '../apply/prepare.ts';
import { type Subnet, longSubnet } from '../address/cidr.ts';
import type { ElementCounter } from '../host/nft-read.ts';
import { stoppedSet } from '../state/ownership.ts';

export interface Status {
  readonly host: string;
  readonly networks: readonly TrafficStatus[];
  readonly gateways: readonly GatewayStatus[];
  /** what `apply` would do: empty when the host is as the file says */
  readonly differences: readonly string[];
  readonly waiting: readonly string[];
}

export interface TrafficStatus {
  readonly network: string;
  readonly subnets: readonly Subnet[];
  readonly gateway: string;
  /** where the packets go: next hop or device */
  readonly way: string;
  readonly table: number;
  readonly mark: number;
  readonly packets: number;
  readonly bytes: number;
  /** packets that the guard stopped */
  readonly stopped: number;
}

export interface GatewayStatus {
  readonly gateway: string;
  readonly uplink: string;
  readonly snat: string;
  readonly served: readonly TrafficStatus[];
}

export function hostStatus({ role }: Target, { counters, desired, plan }: Prepared): Status {
  const numbers = desired.numbers.gateways;
  const counted = bySubnet(counters);
  const traffic = (
    network: string,
    subnets: readonly Subnet[],
    gateway: string,
    way: string,
  ): TrafficStatus => ({
    network,
    subnets,
    gateway,
    way,
    table: numbers[gateway]?.table ?? 0,
    mark: numbers[gateway]?.mark ?? 0,
    ...count(counted, subnets),
  });
  return {
    host: role.host,
    networks: role.networks.map(({ name, subnets, gateway, nextHops }) =>
      traffic(name, subnets, gateway, nextHops[0] ?? ''),
    ),
    gateways: role.gateways.map(({ name, uplink, snat, served }) => ({
      gateway: name,
      uplink: uplink.via ? `${uplink.device} via ${uplink.via.join(' ')}` : uplink.device,
      snat: typeof snat === 'object' ? snat.join(' ') : snat,
      served: served.map(({ network, node, subnet }) =>
        traffic(`${network} on ${node}`, [subnet], name, uplink.device),
      ),
    })),
    differences: plan.steps
      .flatMap((step) => step.lines)
      .filter(({ sign }) => sign !== '*')
      .map(({ sign, text }) => `${sign} ${text}`),
    waiting: plan.waiting,
  };
}

/** Counters by the subnet that their element begins with. */
function bySubnet(counters: readonly ElementCounter[]): Map<Subnet, ElementCounter[]> {
  const found = new Map<Subnet, ElementCounter[]>();
  for (const counter of counters) {
    const subnet = longSubnet(counter.element.split(' . ')[0] ?? '');
    const list = found.get(subnet);
    if (list) list.push(counter);
    else found.set(subnet, [counter]);
  }
  return found;
}

function count(
  counters: ReadonlyMap<Subnet, readonly ElementCounter[]>,
  subnets: readonly Subnet[],
): Pick<TrafficStatus, 'packets' | 'bytes' | 'stopped'> {
  const own = subnets.flatMap((subnet) => counters.get(subnet) ?? []);
  const passed = own.filter(({ set }) => set !== stoppedSet);
  const stopped = own.filter(({ set }) => set === stoppedSet);
  return {
    packets: sum(passed.map(({ packets }) => packets)),
    bytes: sum(passed.map(({ bytes }) => bytes)),
    stopped: sum(stopped.map(({ packets }) => packets)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
