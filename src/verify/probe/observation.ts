/** Expectation, observation and verdict of a probe. */
import type { Address } from '../../address/cidr.ts';
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import type { Sighting } from './captures.ts';
import type { PingAnswer } from './probe.ts';
import type { Probe } from './probe.ts';
import type { Check, Subject } from '../report.ts';
import type { SocketAnswer } from './sender.ts';
import type { Egress } from '../judge/egress.ts';

/** What should happen to one probe. */
export interface Expectation {
  /** each is right */
  readonly ways: readonly Egress[];
  /** why nothing may leave at all: then `ways` is empty, and all that leaves is wrong */
  readonly closed?: string;
  /** what `ways` are, for the reader: `gateway office`, `uplink of gateway office` */
  readonly wayName: string;
  /** why there is no way, or not every one */
  readonly problems: readonly string[];
  /** what may have stopped a probe that did not leave this host at all */
  readonly obstacles: readonly string[];
  /** each is right; or why the source is not judged */
  readonly sources: readonly Address[] | string;
  /** whether somebody is expected to answer */
  readonly answered: boolean;
}

/** What did happen to it. */
export interface Observation {
  readonly probe: Probe;
  readonly packets: readonly Sighting[];
  /** packets that the captures had no room for */
  readonly lost: number;
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
  readonly answers: readonly SocketAnswer[];
  readonly ping: PingAnswer;
}

export type Verdict = Omit<Check, keyof Subject | 'from' | 'target'>;
