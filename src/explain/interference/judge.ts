/** From the lines of one packet's trace to what became of it. */
import type { ChainName, TraceEvent, TracedPacket } from '../../host/nft/trace.ts';
import { type Shot, isShot } from './flow.ts';
import { type Hook, markers } from './probe-table.ts';

export type Outcome =
  | { readonly kind: 'arrived'; readonly packet: TracedPacket }
  /** by a rule, or by the policy of a chain */
  | { readonly kind: 'dropped'; readonly by: Culprit; readonly verdict: string }
  | {
      readonly kind: 'diverted';
      /** it was another way, another destination, another source, or this host itself */
      readonly to: TracedPacket;
      readonly mark: number;
      /** the rule that gave it another address; absent where its route is another one */
      readonly translated?: Culprit;
      /** the rule of somebody else that gave it its mark */
      readonly marked?: Culprit;
    }
  /** Nothing that nft knows dropped it: iptables-legacy, or where the packet is routed, the kernel itself. */
  | {
      readonly kind: 'lost';
      readonly where: Hook | 'routing';
      readonly mark: number;
      readonly marked?: Culprit;
    }
  /** It never came to the first hook. */
  | { readonly kind: 'unseen' };

export interface Culprit extends ChainName {
  /** the chain of the hook from which the packet came to this one */
  readonly base: string;
  readonly hook: Hook;
  /** absent where the policy dropped it */
  readonly rule?: string;
  /** of iptables-legacy, which says nothing to nft */
  readonly legacy?: true;
}

/** @param table the one of the probe */
export function judge(events: readonly TraceEvent[], table: string, shot: Shot): Outcome {
  const own = eventsOf(events, table, shot);
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

/** The ends of a packet; `queue` is one where no program takes it from there. */
function isEnd(event: Exclude<TraceEvent, { kind: 'packet' }>): boolean {
  return /^(?:drop|stolen|queue)\b/.test(event.verdict);
}

/** Whether all is said of a packet: it arrived, or was dropped. */
export function isFinal(outcome: Outcome): boolean {
  return outcome.kind !== 'lost' && outcome.kind !== 'unseen';
}

/**
 * Of one that was sent twice, the later one counts. The kernel makes the id from where the packet lies in memory: another one
 * may have had it before, or get it afterwards.
 */
function eventsOf(events: readonly TraceEvent[], table: string, shot: Shot): TraceEvent[] {
  const isFirst = (event: TraceEvent): boolean =>
    event.kind === 'packet' && event.table === table && event.chain === 'prerouting_begin';
  const start = events.findLastIndex(
    (event) => event.kind === 'packet' && isFirst(event) && isShot(event.packet, shot),
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

const hookOf = new Map(markers.map(({ chain, hook }) => [chain, hook]));

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

/** The last that was heard of it is one of our own chains: it was stopped there, went on from there, or got lost behind it. */
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
const marks = /\b(?:meta|ct) mark set\b|xt target "?(?:CONN)?MARK/;

function isTranslated(before: TracedPacket | undefined, now: TracedPacket): boolean {
  return before?.destination !== now.destination || before.source !== now.source;
}

/** nft 1.0.6 prints the target of an iptables rule once, and leaves it out the next time: what acted just before is the rule. */
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
  const stage = lastRule(journey, table, marks);
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
