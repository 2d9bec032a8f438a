/** Metrics of the members of gateways that a node chooses among. Pure. */
import { failoverCauses } from '../../members/failovers.ts';
import { type GatewayHealth, usesMember } from '../../members/member-status.ts';
import type { ProbeCount } from '../../members/probe-counts.ts';
import type { Snapshot } from '../snapshot.ts';
import { each, flag, sample } from './agent-families.ts';
import { memberMetrics as of } from './catalog.ts';
import type { Labels, MetricFamily } from './metric.ts';
import { familyText } from './network-families.ts';

const states = ['up', 'down', 'unknown'] as const;

export function memberFamilies({ agent, probes }: Pick<Snapshot, 'agent' | 'probes'>): MetricFamily[] {
  const gateways = agent.members;
  const members = gateways.flatMap((health) =>
    health.members.map((member) => ({ health, member, labels: labelsOf(health, member.host) })),
  );
  const stated = members.flatMap((one) => states.map((state) => ({ ...one, state })));
  const shared = members.filter(({ member }) => member.share !== undefined);
  return [
    each(of.state, stated, ({ labels, member, state }) =>
      sample({ ...labels, state }, flag(member.state === state)),
    ),
    each(of.inUse, members, ({ health, member, labels }) =>
      sample(labels, flag(usesMember(health, member.host))),
    ),
    each(of.share, shared, ({ labels, member }) => sample(labels, member.share ?? 0)),
    each(of.drained, members, ({ labels, member }) => sample(labels, flag(member.drained === true))),
    ...probeFamilies(gateways, probes),
    ...failoverFamilies(gateways),
  ];
}

function probeFamilies(gateways: readonly GatewayHealth[], probes: readonly ProbeCount[]): MetricFamily[] {
  const targets = gateways.flatMap((health) =>
    health.members.flatMap(({ host, targets: found = [] }) =>
      found.map((one) => ({ ...one, labels: { ...labelsOf(health, host), target: one.target } })),
    ),
  );
  const answered = targets.filter(({ roundTrip }) => roundTrip !== undefined);
  const countedLabels = (one: ProbeCount): Labels => ({
    ...labelsOf(one, one.member),
    target: one.target,
  });
  return [
    each(of.probes, probes, (one) => sample(countedLabels(one), one.probes)),
    each(of.lost, probes, (one) => sample(countedLabels(one), one.lost)),
    each(of.roundTrip, answered, ({ labels, roundTrip = 0 }) => sample(labels, roundTrip / 1000)),
    each(of.loss, targets, ({ labels, loss }) => sample(labels, loss)),
  ];
}

function failoverFamilies(gateways: readonly GatewayHealth[]): MetricFamily[] {
  const causes = gateways.flatMap((health) => failoverCauses.map((cause) => ({ health, cause })));
  const changed = gateways.filter(({ since }) => since !== undefined);
  return [
    each(of.failovers, causes, ({ health, cause }) =>
      sample({ ...gatewayLabels(health), cause }, health.failovers[cause]),
    ),
    each(of.lastFailover, changed, (health) =>
      sample(gatewayLabels(health), Date.parse(health.since ?? '') / 1000),
    ),
  ];
}

type OfGateway = Pick<GatewayHealth, 'gateway' | 'family'>;

function gatewayLabels({ gateway, family }: OfGateway): Labels {
  return { gateway, family: familyText(family) };
}

function labelsOf(health: OfGateway, member: string): Labels {
  return { ...gatewayLabels(health), member };
}
