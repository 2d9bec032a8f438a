/** Metrics of source NAT on a member of a gateway. Pure. */
import type { NatUsage, NatUse } from '../snapshot.ts';
import { each, sample } from './agent-families.ts';
import { natMetrics as of } from './catalog.ts';
import type { Labels, MetricFamily } from './metric.ts';

/** Ports 1024 to 65535: where the kernel looks for a free one, for a source port from 1024 up (nf_nat_core.c). */
const portsPerDestination = 64_512;
const withPorts = ['tcp', 'udp', 'sctp', 'dccp', 'udplite'];

export function natFamilies(usage: NatUsage | undefined): MetricFamily[] {
  if (!usage) return [];
  const ported = usage.uses.filter(({ protocol }) => withPorts.includes(protocol));
  return [
    each(of.entries, usage.uses, (use) => sample(labelsOf(use), use.entries)),
    each(of.ports, ported, (use) => sample(labelsOf(use), use.ports)),
    each(of.busiest, ported, (use) => sample(labelsOf(use), use.busiest)),
    each(of.limit, ported, (use) => sample(labelsOf(use), portsPerDestination)),
    { metric: of.counted, samples: [sample({}, usage.time)] },
  ];
}

function labelsOf({ gateway, address, protocol }: NatUse): Labels {
  return { gateway, address, protocol };
}
