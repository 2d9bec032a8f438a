/** Snapshot for the API: a moment of the agent, and the result of its last read of the host. */
import type { NotReady } from '../../desired/redirect.ts';
import type { DirectStatus, Status } from '../../explain/status.ts';
import type { MemberGateway } from '../../topology/role.ts';
import type { ProbeCount } from '../members/probe-counts.ts';
import type { AgentStatus } from '../socket.ts';
import type { Histogram } from './metrics/metric.ts';

export interface Snapshot {
  readonly agent: AgentStatus;
  /** absent: nothing is applied, or nothing was read yet */
  readonly looked?: Looked;
  readonly faults: HostFaults;
  readonly probes: readonly ProbeCount[];
  /** seconds */
  readonly readDurations: Histogram;
  /** seconds from the event to the end of the repair */
  readonly repairDurations: Histogram;
}

/** What the last read has found that is not as the file says, and that no repair brings back. */
export interface HostFaults {
  readonly notReady: readonly NotReady[];
  /** networks that leave past their gateway, since no member works */
  readonly leaving: readonly (Pick<DirectStatus, 'family' | 'why'> & { readonly network: string })[];
}

/** Result of a read of the host. */
export interface Looked {
  /** seconds since 1970 */
  readonly time: number;
  readonly status: Status;
  /** gateways of which this host is a member, in the order of `status` */
  readonly gateways: readonly Pick<MemberGateway, 'name' | 'served'>[];
}

/** Source NAT of one egress address, by protocol. */
export interface NatUse {
  readonly gateway: string;
  readonly address: string;
  /** in conntrack's words: tcp, udp, icmp, ... */
  readonly protocol: string;
  readonly entries: number;
  /** different ports; 0 for protocols without ports */
  readonly ports: number;
  /** ports towards the destination address and port that has the most */
  readonly busiest: number;
}

export interface NatUsage {
  /** seconds since 1970 */
  readonly time: number;
  readonly uses: readonly NatUse[];
}

export interface ProcessUsage {
  /** processor time so far */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** State of the API itself. */
export interface ApiUsage {
  readonly eventClients: number;
  readonly eventClientsDropped: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
}

/** `connections`, `clients`: too many; `token`: wrong or missing; `request`: malformed, too large, or too slow */
export const refusalReasons = ['connections', 'clients', 'token', 'request'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** All that `/metrics` shows. */
export interface MetricsInput {
  readonly snapshot: Snapshot;
  /** absent: this host does no source NAT, or its entries are not counted yet */
  readonly nat?: NatUsage | undefined;
  readonly process: ProcessUsage;
  readonly api: ApiUsage;
  readonly build: { readonly version: string; readonly node: string };
}
