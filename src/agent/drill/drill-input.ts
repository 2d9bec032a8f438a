/** Input of a drill: the gateway, and what is pinged. */
import type { Address, Family } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { FailoverGateway, FailoverMember, NodeNetwork } from '../../topology/role.ts';
import type { GatewayHealth } from '../members/member-status.ts';

export interface DrillInput {
  readonly gateway: FailoverGateway;
  /** member that a ping leaves by: that of the first stream is cut */
  readonly memberOf: (source: Address, target: Address) => FailoverMember;
  /** what is pinged in each family, and from where */
  readonly streams: readonly StreamPlan[];
  /** milliseconds within which the member has to be used again; undefined: it is not waited for */
  readonly back: number | undefined;
  readonly facts: Facts;
  /** state of the gateway in each family, from the agent */
  readonly ask: () => Promise<readonly GatewayHealth[]>;
  readonly interrupt: AbortSignal;
}

export interface StreamPlan {
  readonly family: Family;
  readonly network: NodeNetwork;
  readonly subnet: string;
  readonly target: Address;
}
