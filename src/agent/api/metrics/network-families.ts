/** Metrics of container networks on a node, and of gateways on a member. Pure. */
import { families, familyOf } from '../../../address/cidr.ts';
import type { TrafficStatus } from '../../../explain/status.ts';
import type { Looked } from '../snapshot.ts';
import { each, flag, sample } from './agent-families.ts';
import { networkMetrics as of } from './catalog.ts';
import type { Metric, MetricFamily } from './metric.ts';

export function networkFamilies({ status, gateways }: Looked): MetricFamily[] {
  const { networks, notReady } = status;
  const closed = new Set(notReady.map(({ what }) => what));
  const count = (metric: Metric, value: (one: TrafficStatus) => number): MetricFamily =>
    each(metric, networks, (one) => sample({ network: one.network }, value(one)));
  const checked = networks.filter(({ spoofed }) => spoofed !== undefined);
  return [
    each(of.info, networks, ({ network, gateway }) => sample({ network, gateway }, 1)),
    count(of.ready, ({ network }) => flag(!closed.has(`network ${network}`))),
    each(of.direct, networks.flatMap(directFamilies), ({ network, family, now }) =>
      sample({ network, family: familyText(family) }, flag(now)),
    ),
    count(of.bytes, ({ bytes }) => bytes),
    count(of.packets, ({ packets }) => packets),
    count(of.dropped, ({ dropped }) => dropped),
    each(of.spoofed, checked, ({ network, spoofed = 0 }) => sample({ network }, spoofed)),
    each(of.servedReady, gateways, ({ name }) =>
      sample({ gateway: name }, flag(!closed.has(`gateway ${name}`))),
    ),
    ...servedFamilies({ status, gateways }),
  ];
}

/** Only networks that may leave directly. */
function directFamilies({ network, subnets, whenDown, leavesDirectly = [] }: TrafficStatus) {
  if (whenDown !== 'direct') return [];
  return families
    .filter((family) => subnets.some((subnet) => familyOf(subnet) === family))
    .map((family) => ({ network, family, now: leavesDirectly.some((one) => one.family === family) }));
}

function servedFamilies({ status, gateways }: Pick<Looked, 'status' | 'gateways'>): MetricFamily[] {
  const rows = gateways.flatMap(({ name, served }, index) =>
    served.flatMap(({ network, node, subnet }, position) => {
      const traffic = status.gateways[index]?.served[position];
      return traffic ? [{ labels: { gateway: name, network, node, subnet }, traffic }] : [];
    }),
  );
  const count = (metric: Metric, value: (one: TrafficStatus) => number): MetricFamily =>
    each(metric, rows, ({ labels, traffic }) => sample(labels, value(traffic)));
  return [
    count(of.servedBytes, ({ bytes }) => bytes),
    count(of.servedPackets, ({ packets }) => packets),
    count(of.servedDropped, ({ dropped }) => dropped),
  ];
}

export function familyText(family: 4 | 6): string {
  return `ipv${family}`;
}
