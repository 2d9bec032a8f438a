/** Events of the agent: the one record from which its log, `/events` and `mustredirect logs` are made. Pure. */
import type { Family } from '../../address/cidr.ts';
import type { MemberHealth } from '../../health/health.ts';
import type { FailoverCounts } from '../members/failovers.ts';

export type AgentEvent =
  | HostEvent
  | GatewayEvent
  | PartEvent
  /** what a run of the agent says; without a label: a command, with `-v`, or progress */
  | { readonly kind: 'run'; readonly text: string; readonly label?: RunLabel };

/** About this host as a whole. */
type HostEvent =
  | { readonly kind: 'started'; readonly host: string; readonly file: string; readonly version: string }
  | { readonly kind: 'stopped'; readonly host: string }
  /** whether the host is as the file says, and why not; also the first event that a client of `/events` gets */
  | { readonly kind: 'state'; readonly healthy: boolean; readonly reasons: readonly string[] }
  /** `took`: milliseconds */
  | { readonly kind: 'read'; readonly whole: boolean; readonly took: number }
  | { readonly kind: 'drift'; readonly what: string }
  /** `took`: milliseconds from the event that told of the difference to the end of the repair */
  | { readonly kind: 'repair'; readonly what: string; readonly took: number }
  | { readonly kind: 'failure'; readonly error: string }
  /** reads work again, after so many failures in a row */
  | { readonly kind: 'recovery'; readonly failures: number }
  /** why nothing is compared: another run is at work, nothing is applied */
  | { readonly kind: 'rest'; readonly why: string }
  /** the file on disk, and the one applied last, as SHA-256; `problem`: why they differ; `mended`: it had one before */
  | {
      readonly kind: 'file';
      readonly wanted?: string;
      readonly inForce?: string;
      readonly problem?: string;
      readonly mended?: true;
    };

/** About a gateway in one family. */
type GatewayEvent =
  | ({ readonly kind: 'member' } & OfGateway & {
        readonly member: string;
        readonly state: MemberHealth['state'];
        readonly fault?: string;
        readonly drained?: true;
        /** on the member: it says so itself */
        readonly drainedByItself?: true;
        /** it was drained before */
        readonly givenBack?: true;
      })
  /**
   * `used`: the member in use now, of several the first; `change`: who left and came, in words; `causes`: number of changes
   * by cause; `took`: milliseconds from the decision to the change of routes, absent while they are not changed
   */
  | ({ readonly kind: 'failover' } & OfGateway & {
        readonly used: string;
        readonly why?: string;
        readonly change: string;
        readonly causes: Partial<FailoverCounts>;
        readonly took?: number;
      })
  /** no member works, and `networks` leave directly; without `why`: one works again */
  | ({ readonly kind: 'outage' } & OfGateway & {
        readonly why?: string;
        readonly used?: string;
        readonly networks: readonly string[];
        readonly took?: number;
      });

/** About something else that the agent works with. */
type PartEvent =
  /** a network or gateway is closed, or waits, or an engine does not answer; `over`: no longer */
  | ({ readonly kind: 'report'; readonly over?: true } & Report)
  /** a program that tells of changes, or probes, has ended and is started again */
  | {
      readonly kind: 'program';
      readonly program: string;
      /** what it is for */
      readonly does: string;
      readonly error: string;
      /** times that it was started again */
      readonly restarts: number;
      readonly gateway?: string;
      readonly member?: string;
    }
  /** routes to the members in use could not be changed at once: a repair does it */
  | { readonly kind: 'routes'; readonly error: string }
  /** flow logs, of one gateway or of all: what is wrong; `well`: it was wrong before */
  | { readonly kind: 'flow-log'; readonly text: string; readonly gateway?: string; readonly well?: true }
  /** the API by TCP, and the count of source NAT; `well`: as it should be */
  | { readonly kind: 'api'; readonly text: string; readonly well?: true }
  /** lines of this log could not be written; `well`: they are written again */
  | { readonly kind: 'log'; readonly text: string; readonly well?: true };

export type RunLabel = 'note' | 'undone' | 'error' | 'warning';

/** A network, gateway or engine that is closed, waits or is silent, and why. */
export interface Report {
  readonly text: string;
  readonly network?: string;
  readonly gateway?: string;
  readonly engine?: string;
}

export interface OfGateway {
  readonly gateway: string;
  readonly family: Family;
}

/** Takes an event, from wherever in the agent it happens. */
export type Emit = (event: AgentEvent) => void;

export function stateEvent(reasons: readonly string[]): AgentEvent {
  return { kind: 'state', healthy: reasons.length === 0, reasons };
}
