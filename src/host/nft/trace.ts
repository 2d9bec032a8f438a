/** Output of `nft monitor trace`: one line for each rule, policy and header that a traced packet passes. */
import type { Address } from '../../address/cidr.ts';

export type TraceEvent = { readonly id: string } & ChainName &
  (
    | { readonly kind: 'packet'; readonly packet: TracedPacket }
    /** `unknown rule handle 7` when nft has not read the rule */
    | { readonly kind: 'rule'; readonly text: string; readonly verdict: string }
    | { readonly kind: 'policy'; readonly verdict: string; readonly mark: number }
  );

export interface ChainName {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

export interface TracedPacket {
  readonly in?: string;
  readonly out?: string;
  readonly source: Address;
  readonly destination: Address;
  readonly protocol?: 'udp' | 'tcp';
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Skips incomplete lines and those of other kinds (`conntrack:` of nft 1.1.x). */
export function decodeTrace(text: string): TraceEvent[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line) => decodeLine(line) ?? []);
}

/** Names of tables and chains may have any of these characters; the family may not. */
const head = /^trace id ([0-9a-f]+) (\w+) (\S+) (\S+) (.*)$/;

function decodeLine(line: string): TraceEvent | undefined {
  const [, id, family, table, chain, rest] = head.exec(line) ?? [];
  if (id === undefined || family === undefined || table === undefined) return undefined;
  if (chain === undefined || rest === undefined) return undefined;
  const at = { id, family, table, chain };
  if (rest.startsWith('packet: ')) {
    const packet = packetOf(rest);
    return packet && { ...at, kind: 'packet', packet };
  }
  const [, rule, ruleVerdict] = /^(?:rule )?(.*) \(verdict (.*)\)$/.exec(rest) ?? [];
  if (rule !== undefined && ruleVerdict !== undefined) {
    return { ...at, kind: 'rule', text: rule, verdict: ruleVerdict };
  }
  const [, verdict] = /^(?:policy|verdict) (\w+)/.exec(rest) ?? [];
  return verdict === undefined ? undefined : { ...at, kind: 'policy', verdict, mark: markOf(rest) };
}

function markOf(rest: string): number {
  return Number(/ (?:meta )?mark (0x[0-9a-f]+|\d+)/.exec(rest)?.[1] ?? 0);
}

function packetOf(rest: string): TracedPacket | undefined {
  const field = (pattern: RegExp): string | undefined => pattern.exec(rest)?.[1];
  const source = field(/ ip6? saddr (\S+)/);
  const destination = field(/ ip6? daddr (\S+)/);
  if (source === undefined || destination === undefined) return undefined;
  const [, protocol, from, to] = / (udp|tcp) sport (\S+) (?:udp|tcp) dport (\S+)/.exec(rest) ?? [];
  const [entry, exit] = [field(/ iif "([^"]*)"/), field(/ oif "([^"]*)"/)];
  return {
    ...(entry === undefined ? {} : { in: entry }),
    ...(exit === undefined ? {} : { out: exit }),
    source,
    destination,
    ...(protocol === 'udp' || protocol === 'tcp'
      ? { protocol, sourcePort: Number(from), destinationPort: Number(to) }
      : {}),
  };
}
