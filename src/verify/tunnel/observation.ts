/** Observations of an echo request through a tunnel. */
import type { OuterPath } from '../../host/ip/outer-path.ts';
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { TunnelDevice } from '../../host/ip/tunnel-devices.ts';
import type { CapturedPacket } from '../probe/captures.ts';
import type { Verdict } from '../probe/observation.ts';
import type { PingReply } from '../probe/probe.ts';
import type { InnerTarget } from './inner-target.ts';

export interface TunnelObservation {
  readonly tunnel: TunnelDevice;
  readonly path: Exclude<OuterPath, { error: string }>;
  readonly target: InnerTarget;
  /** bytes of the echo request inside */
  readonly length: number;
  readonly reply: PingReply;
  /** reply of the far end to an echo request outside of the tunnel */
  readonly outside: PingReply;
  readonly packets: readonly CapturedPacket[];
  /** packets that the captures lost */
  readonly lost: number;
  /** packets that the device has refused meanwhile, for checksums or sequence numbers */
  readonly refused: number;
  /** seconds since 1970 */
  readonly now: number;
  /** packets that the reverse path filter of this host has dropped meanwhile */
  readonly filtered: number;
  readonly neighbours: readonly Neighbour[];
}

/** Evidence, and what to do. */
export interface TunnelVerdict extends Verdict {
  readonly remedy?: string;
}

/** Fate of echo requests that fill the tunnel's MTU. */
export type FullSize =
  | { readonly kind: 'passed' }
  /** the kernel knows that the path carries less: MTU inside */
  | { readonly kind: 'refused'; readonly mtu: number }
  /** no answer and no message; the largest packet with an answer, in bytes */
  | { readonly kind: 'lost'; readonly largest?: number }
  | { readonly kind: 'not-sent' };
