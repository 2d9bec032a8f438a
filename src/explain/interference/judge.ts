/** Judges the trace of one packet: whether it arrived, was dropped, diverted or lost. */
import type { ChainName, TraceEvent, TracedPacket } from '../../host/nft/trace.ts';
import { type ProbePacket, isProbePacket } from './flow.ts';
import { type Hook, traceChains } from './probe-table.ts';

export type Outcome =
  | { readonly kind: 'arrived'; readonly packet: TracedPacket }
  /** dropped by a rule, or by the policy of a chain */
  | { readonly kind: 'dropped'; readonly by: Culprit; readonly verdict: string }
  | {
      readonly kind: 'diverted';
      /** the packet with another egress, destination or source, or delivered to this host */
      readonly to: TracedPacket;
      readonly mark: number;
      /** rule that changed its address; absent when only its route differs */
      readonly translated?: Culprit;
      /** foreign rule that set its fwmark */
      readonly marked?: Culprit;
    }
  /** nft shows no rule that dropped the packet: iptables-legacy did, or the kernel at its routing decision. */
  | {
      readonly kind: 'lost';
      readonly where: Hook | 'routing';
      readonly mark: number;
      readonly marked?: Culprit;
    }
  /** The packet did not reach the first hook. */
  | { readonly kind: 'unseen' };

export interface Culprit extends ChainName {
  /** chain of the hook from which the packet came to this chain */
  readonly base: string;
  readonly hook: Hook;
  /** absent when the policy dropped it */
  readonly rule?: string;
  /** rule of iptables-legacy, which nft does not trace */
  readonly legacy?: true;
}

/** @param table table of the probe */
export function judge(events: readonly TraceEvent[], table: string, probePacket: ProbePacket): Outcome {
  const own = eventsOf(events, table, probePacket);
  const journey = journeyOf(own, table);
  const [last] = journey.slice(-1);
  if (!last) return { kind: 'unseen' };
  const { event, at } = last;
  if (event.table === table) return ended(journey, table, last);
  if (event.kind !== 'packet' && isEnd(event)) {
    return { kind: 'dropped', by: culpritOf(last), verdict: event.verdict };
  }
  return { kind: 'lost', where: at, ...markOf(journey, table) };
}

/** Verdicts that end a packet's trace; `queue` ends it without a program that reads the queue. */
function isEnd(event: Exclude<TraceEvent, { kind: 'packet' }>): boolean {
  return /^(?:drop|stolen|queue)\b/.test(event.verdict);
}

/** Whether the trace is complete: the packet arrived, was dropped or diverted. */
export function isFinal(outcome: Outcome): boolean {
  return outcome.kind !== 'lost' && outcome.kind !== 'unseen';
}

/**
 * Events of a packet; if it was sent twice, of the second one. The kernel derives the id from the packet's memory
 * address, so another packet may have the same id before or after.
 */
function eventsOf(events: readonly TraceEvent[], table: string, probePacket: ProbePacket): TraceEvent[] {
  const isFirst = (event: TraceEvent): boolean =>
    event.kind === 'packet' && event.table === table && event.chain === 'prerouting_begin';
  const start = events.findLastIndex(
    (event) => event.kind === 'packet' && isFirst(event) && isProbePacket(event.packet, probePacket),
  );
  const first = events[start];
  if (!first) return [];
  const own = events.slice(start).filter(({ id }) => id === first.id);
  const next = own.findIndex((event, index) => index > 0 && isFirst(event));
  return next === -1 ? own : own.slice(0, next);
}

interface Stage {
  readonly event: TraceEvent;
  readonly at: Hook;
  readonly base: string;
  readonly packet: TracedPacket;
}

const hookOf = new Map(traceChains.map(({ chain, hook }) => [chain, hook]));

function journeyOf(events: readonly TraceEvent[], table: string): Stage[] {
  let at: Hook = 'prerouting';
  let base = '';
  let packet: TracedPacket | undefined;
  return events.flatMap((event): Stage[] => {
    if (event.kind === 'packet') {
      ({ packet } = event);
      base = event.chain;
    }
    if (event.table === table) at = hookOf.get(event.chain) ?? at;
    return packet ? [{ event, at, base, packet }] : [];
  });
}

/**
 * Outcome when the last event is in a chain of the probe: the packet was dropped there, arrived, or was lost after it.
 */
function ended(journey: readonly Stage[], table: string, { event, at, base, packet }: Stage): Outcome {
  if (event.kind === 'rule' && event.verdict === 'drop') {
    if (base === 'postrouting_end') return { kind: 'arrived', packet };
    const isOther =
      base === 'input_begin' || journey.some((stage) => isTranslated(journey[0]?.packet, stage.packet));
    const translation = isOther ? translationOf(journey, table) : {};
    return { kind: 'diverted', to: packet, ...translation, ...markOf(journey, table) };
  }
  if (event.kind === 'policy' && base === 'postrouting_end') return { kind: 'arrived', packet };
  const isRouted = event.kind === 'policy' && base === 'prerouting_end';
  return { kind: 'lost', where: isRouted ? 'routing' : at, ...markOf(journey, table) };
}

const translates =
  /\b(?:dnat|snat|masquerade|redirect|tproxy)\b|xt target "?(?:[DS]NAT|REDIRECT|TPROXY|NETMAP|MASQUERADE)/;
const setsFwmark = /\b(?:meta|ct) mark set\b|xt target "?(?:CONN)?MARK/;

function isTranslated(before: TracedPacket | undefined, now: TracedPacket): boolean {
  return before?.destination !== now.destination || before.source !== now.source;
}

/**
 * nft 1.0.6 prints the target of an iptables rule once and omits it later: the event just before the change is the
 * rule.
 */
function translationOf(journey: readonly Stage[], table: string): { readonly translated?: Culprit } {
  const changed = journey.findIndex(({ packet }) => isTranslated(journey[0]?.packet, packet));
  const stage =
    changed === -1
      ? lastRule(journey, table, translates)
      : journey
          .slice(0, changed)
          .findLast(
            ({ event }) =>
              event.kind === 'rule' &&
              event.table !== table &&
              event.table !== ownTable &&
              event.verdict.startsWith('accept'),
          );
  return stage ? { translated: culpritOf(stage) } : {};
}

function markOf(
  journey: readonly Stage[],
  table: string,
): { readonly mark: number; readonly marked?: Culprit } {
  const mark = journey.reduce((found, { event }) => (event.kind === 'policy' ? event.mark : found), 0);
  const stage = lastRule(journey, table, setsFwmark);
  return { mark, ...(stage ? { marked: culpritOf(stage) } : {}) };
}

const ownTable = 'mustredirect';

function lastRule(journey: readonly Stage[], table: string, pattern: RegExp): Stage | undefined {
  return journey.findLast(
    ({ event }) =>
      event.kind === 'rule' &&
      event.table !== table &&
      event.table !== ownTable &&
      pattern.test(event.text.replaceAll(/ (?:comment|prefix) "[^"]*"/g, '')),
  );
}

function culpritOf({ event, at, base }: Stage): Culprit {
  const { family, table, chain } = event;
  return { family, table, chain, base, hook: at, ...(event.kind === 'rule' ? { rule: event.text } : {}) };
}
