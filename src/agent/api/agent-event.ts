/** Events of the agent: what has changed between two moments of its state. Pure. */
import type { FailoverCounts } from '../members/failovers.ts';
import type { GatewayHealth, MemberStatus } from '../members/member-status.ts';
import type { AgentStatus } from '../socket.ts';

export type AgentEvent =
  /** whether the host is as the file says, and why not; also the first event that a client gets */
  | { readonly kind: 'state'; readonly healthy: boolean; readonly reasons: readonly string[] }
  | { readonly kind: 'drift'; readonly what: string }
  /** `took`: milliseconds from the event to the end of the repair */
  | { readonly kind: 'repair'; readonly what: string; readonly took: number }
  | { readonly kind: 'failure'; readonly message: string }
  /** the file on disk, and the one applied last, as SHA-256; `problem`: why they differ */
  | { readonly kind: 'file'; readonly wanted?: string; readonly inForce?: string; readonly problem?: string }
  | ({ readonly kind: 'member' } & OfGateway &
      Pick<MemberStatus, 'state' | 'fault' | 'drained'> & {
        readonly member: string;
      })
  /** `used`: the member in use now, of several the first; `causes`: number of changes by cause */
  | ({ readonly kind: 'failover' } & OfGateway &
      Pick<GatewayHealth, 'used' | 'why'> & { readonly causes: Partial<FailoverCounts> })
  /** no member works; without `why`: one works again */
  | ({ readonly kind: 'outage' } & OfGateway & { readonly why?: string });

type OfGateway = Pick<GatewayHealth, 'gateway' | 'family'>;

/** A moment that events are found from. */
export interface Moment {
  readonly agent: AgentStatus;
  /** why the host is not as the file says; empty: it is */
  readonly reasons: readonly string[];
}

export function eventsBetween(before: Moment, after: Moment): AgentEvent[] {
  return [
    ...agentEvents(before.agent, after.agent),
    ...after.agent.members.flatMap((now) => {
      const then = before.agent.members.find(
        ({ gateway, family }) => gateway === now.gateway && family === now.family,
      );
      return then ? gatewayEvents(then, now) : [];
    }),
    ...(before.reasons.join('\n') === after.reasons.join('\n') ? [] : [stateEvent(after)]),
  ];
}

export function stateEvent({ reasons }: Pick<Moment, 'reasons'>): AgentEvent {
  return { kind: 'state', healthy: reasons.length === 0, reasons };
}

function agentEvents(before: AgentStatus, after: AgentStatus): AgentEvent[] {
  const { differs, lastRepair, failure, files, problem } = after;
  const isNewFailure = failure !== undefined && failure.message !== before.failure?.message;
  const isFileChanged =
    files?.wanted !== before.files?.wanted ||
    files?.inForce !== before.files?.inForce ||
    problem !== before.problem;
  return [
    ...(after.drifts > before.drifts && differs !== undefined
      ? [{ kind: 'drift', what: differs } as const]
      : []),
    ...(after.repairs > before.repairs && lastRepair
      ? [{ kind: 'repair', what: lastRepair.what, took: lastRepair.took } as const]
      : []),
    ...(isNewFailure ? [{ kind: 'failure', message: failure.message } as const] : []),
    ...(isFileChanged
      ? [{ kind: 'file', ...files, ...(problem === undefined ? {} : { problem }) } as const]
      : []),
  ];
}

function gatewayEvents(before: GatewayHealth, after: GatewayHealth): AgentEvent[] {
  const { gateway, family, used, why } = after;
  const of = { gateway, family };
  const causes = Object.fromEntries(
    Object.entries(after.failovers)
      .map(([cause, count]) => [cause, count - before.failovers[cause as keyof FailoverCounts]] as const)
      .filter(([, count]) => count > 0),
  ) as Partial<FailoverCounts>;
  return [
    ...after.members.flatMap((now) => {
      const then = before.members.find(({ host }) => host === now.host);
      return then ? memberEvents(of, then, now) : [];
    }),
    ...(Object.keys(causes).length === 0
      ? []
      : [{ kind: 'failover', ...of, used, causes, ...(why === undefined ? {} : { why }) } as const]),
    ...((before.outage === undefined) === (after.outage === undefined)
      ? []
      : [{ kind: 'outage', ...of, ...(after.outage ? { why: after.outage.why } : {}) } as const]),
  ];
}

function memberEvents(of: OfGateway, before: MemberStatus, after: MemberStatus): AgentEvent[] {
  const { host, state, fault, drained } = after;
  if (before.state === state && before.drained === drained) return [];
  return [
    {
      kind: 'member',
      ...of,
      member: host,
      state,
      ...(fault === undefined ? {} : { fault }),
      ...(drained ? { drained } : {}),
    },
  ];
}
