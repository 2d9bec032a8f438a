/** Expectation, observation and verdict of a probe. */
import type { Address } from '../../address/cidr.ts';
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import type { CapturedPacket } from './captures.ts';
import type { PingReply } from './probe.ts';
import type { Probe } from './probe.ts';
import type { Check, CheckSubject } from '../report.ts';
import type { SocketReply } from './sender.ts';
import type { Egress } from '../judge/egress.ts';

/** Expected result of one probe. */
export interface Expectation {
  /** allowed egress: any one of these */
  readonly egresses: readonly Egress[];
  /** why all packets must be blocked: then `egresses` is empty, and every packet that leaves is a leak */
  readonly closed?: string;
  /** name of `egresses` for the report: `gateway office`, `the uplink of gateway office` */
  readonly egressName: string;
  /** why some or all gateways have no egress */
  readonly problems: readonly string[];
  /** possible reasons why a probe did not leave this host */
  readonly obstacles: readonly string[];
  /** allowed source addresses; or why the source is not judged */
  readonly sources: readonly Address[] | string;
  /** whether a reply is expected */
  readonly replyExpected: boolean;
}

/** Observed result of one probe. */
export interface Observation {
  readonly probe: Probe;
  readonly packets: readonly CapturedPacket[];
  /** packets that the captures lost */
  readonly lost: number;
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
  readonly replies: readonly SocketReply[];
  readonly ping: PingReply;
}

export type Verdict = Omit<Check, keyof CheckSubject | 'from' | 'target'>;
