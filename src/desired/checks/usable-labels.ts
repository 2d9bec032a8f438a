/** Networks that their labels redirect: a new one that would hurt this host is left as it is, and stops no other. */
import type { Facts } from '../../state/facts.ts';
import type { HostRole, NodeNetwork } from '../../topology/role.ts';
import { bridgeOf } from '../engines/bridge.ts';
import type { Refusal, Warning } from '../redirect.ts';
import { bridgeRefusals } from './bridge-refusals.ts';
import { subnetRefusals } from './node-refusals.ts';

/**
 * The role without new networks that cannot be redirected. One that is redirected already stays, and has the run
 * refused: without its redirect it would leave by another way.
 */
export function withUsableLabels(role: HostRole, facts: Facts): HostRole {
  if (!role.pool) return role;
  const { discovered = [] } = facts.ledger;
  const isNew = ({ byLabel, engine, name }: NodeNetwork): boolean =>
    byLabel === true && !discovered.some((one) => one.engine === engine && one.name === name);
  const refused = new Map(
    role.networks.filter(isNew).flatMap((network) => {
      const [first] = refusalsOf(network, facts);
      return first ? [[network, { ...first, message: `${first.message}: not redirected` }] as const] : [];
    }),
  );
  if (refused.size === 0) return role;
  return {
    ...role,
    networks: role.networks.filter((network) => !refused.has(network)),
    pool: { ...role.pool, reports: [...role.pool.reports, ...refused.values()] },
  };
}

/** Labels that redirect no network, and why. */
export function labelWarnings({ pool }: Pick<HostRole, 'pool'>): Warning[] {
  return (pool?.reports ?? []).map((report) => ({ ...report, ofLabel: true }));
}

function refusalsOf(network: NodeNetwork, facts: Facts): Refusal[] {
  const bridge = bridgeOf(network, facts);
  return [
    ...network.subnets.flatMap((subnet) => subnetRefusals(network, subnet, bridge, facts)),
    ...bridgeRefusals(network, facts),
  ];
}
