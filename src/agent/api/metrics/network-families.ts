/** Metrics of container networks on a node, and of gateways on a member. Pure. */
import { families, familyOf } from '../../../address/cidr.ts';
import type { TrafficStatus } from '../../../explain/status.ts';
import type { Looked } from '../snapshot.ts';
import { each, flag, sample } from './agent-families.ts';
import { networkMetrics as of } from './catalog.ts';
import type { Metric, MetricFamily } from './metric.ts';

/** One after the other: of ten thousand networks, each takes milliseconds. */
export function* networkFamilies({ status, gateways }: Looked): Generator<MetricFamily> {
  const { networks, notReady } = status;
  const closed = new Set(notReady.map(({ what }) => what));
  const count = (metric: Metric, value: (one: TrafficStatus) => number): MetricFamily =>
    each(metric, networks, (one) => sample({ network: one.network }, value(one)));
  const checked = networks.filter(({ spoofed }) => spoofed !== undefined);
  yield each(of.info, networks, ({ network, gateway }) => sample({ network, gateway }, 1));
  yield count(of.ready, ({ network }) => flag(!closed.has(`network ${network}`)));
  yield each(of.direct, networks.flatMap(directFamilies), ({ network, family, now }) =>
    sample({ network, family: familyText(family) }, flag(now)),
  );
  yield count(of.bytes, ({ bytes }) => bytes);
  yield count(of.packets, ({ packets }) => packets);
  yield count(of.dropped, ({ dropped }) => dropped);
  yield each(of.spoofed, checked, ({ network, spoofed = 0 }) => sample({ network }, spoofed));
  yield each(of.servedReady, gateways, ({ name }) =>
    sample({ gateway: name }, flag(!closed.has(`gateway ${name}`))),
  );
  yield* servedFamilies({ status, gateways });
}

/** Only networks that may leave directly. */
function directFamilies({ network, subnets, whenDown, leavesDirectly = [] }: TrafficStatus) {
  if (whenDown !== 'direct') return [];
  return families
    .filter((family) => subnets.some((subnet) => familyOf(subnet) === family))
    .map((family) => ({ network, family, now: leavesDirectly.some((one) => one.family === family) }));
}

function* servedFamilies({ status, gateways }: Pick<Looked, 'status' | 'gateways'>): Generator<MetricFamily> {
  const rows = gateways.flatMap(({ name, served }, index) =>
    served.flatMap(({ network, node, subnet }, position) => {
      const traffic = status.gateways[index]?.served[position];
      return traffic ? [{ labels: { gateway: name, network, node, subnet }, traffic }] : [];
    }),
  );
  const count = (metric: Metric, value: (one: TrafficStatus) => number): MetricFamily =>
    each(metric, rows, ({ labels, traffic }) => sample(labels, value(traffic)));
  yield count(of.servedBytes, ({ bytes }) => bytes);
  yield count(of.servedPackets, ({ packets }) => packets);
  yield count(of.servedDropped, ({ dropped }) => dropped);
}

export function familyText(family: 4 | 6): string {
  return `ipv${family}`;
}
