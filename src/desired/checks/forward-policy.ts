/**
 * Forwarded packets that another nft table's policy drops. Every base chain has to accept a packet, so an accept in our
 * table does not help. Only certain drops count: a rule that is not understood may accept.
 */
import { ipKeyword } from '../nft/ip-keyword.ts';
import { type Family, type Subnet, contains, familyOf, overlaps } from '../../address/cidr.ts';
import type { FilterCondition, FilterRule, ForwardFilter } from '../../state/facts.ts';
import type { Refusal } from '../redirect.ts';

/** Devices on which this host forwards packets of a subnet; an unknown device may be any. */
export interface ForwardPath {
  readonly subnet: Subnet;
  /** link to the containers */
  readonly insideDevice?: string | undefined;
  /** link to the outside */
  readonly outsideDevice?: string | undefined;
  /** clients on the outside may open connections */
  readonly hasPublished?: boolean;
}

export type Packet = Readonly<Partial<Record<FilterCondition['field'], string>>>;

/** Subnets whose packets a chain would drop, by direction. */
interface Dropped {
  readonly outgoing: readonly Subnet[];
  readonly replies: readonly Subnet[];
  readonly published: readonly Subnet[];
}

export interface ForwardObstacle extends Refusal {
  /** subnets to close; a dropped published port alone closes no subnet */
  readonly subnets: readonly Subnet[];
}

/**
 * @param what `gateway office` or `network web`
 * @param paths all of one family
 */
export function forwardObstacles(
  what: string,
  paths: readonly ForwardPath[],
  filters: readonly ForwardFilter[],
): ForwardObstacle[] {
  const [first] = paths;
  if (!first) return [];
  const family = familyOf(first.subnet);
  return filters
    .filter((filter) => hooksFamily(filter, family))
    .flatMap((filter) => {
      const dropped = droppedBy(filter, paths);
      const texts = [
        ...textOf('packets from', dropped.outgoing),
        ...textOf('replies to', dropped.replies),
        ...textOf('packets to published ports of', dropped.published),
      ];
      if (texts.length === 0) return [];
      return [
        {
          message: `${what}: chain ${filter.chain} of nft table ${filter.family} ${filter.table} has policy drop, and would drop ${texts.join(' and ')}`,
          hint: `accept it there: ${commands(filter, family, dropped).join(' && ')}`,
          subnets: [...new Set([...dropped.outgoing, ...dropped.replies])],
        },
      ];
    });
}

function textOf(packets: string, subnets: readonly Subnet[]): string[] {
  return subnets.length === 0 ? [] : [`${packets} ${subnets.join(', ')}`];
}

function droppedBy(filter: ForwardFilter, paths: readonly ForwardPath[]): Dropped {
  const dropped = (some: readonly ForwardPath[], packetOf: (path: ForwardPath) => Packet): Subnet[] =>
    some.filter((path) => !mayPass(filter, packetOf(path))).map(({ subnet }) => subnet);
  const inbound = ({ subnet, insideDevice, outsideDevice }: ForwardPath, state: string): Packet =>
    packet({ in: outsideDevice, out: insideDevice, to: subnet, state });
  return {
    outgoing: dropped(paths, ({ subnet, insideDevice, outsideDevice }) =>
      packet({ in: insideDevice, out: outsideDevice, from: subnet, state: 'new' }),
    ),
    replies: dropped(paths, (path) => inbound(path, 'established')),
    published: dropped(
      paths.filter(({ hasPublished }) => hasPublished),
      (path) => inbound(path, 'new'),
    ),
  };
}

export function hooksFamily({ family: of }: ForwardFilter, family: Family): boolean {
  return of === 'inet' || of === ipKeyword(family);
}

function packet(fields: Readonly<Record<string, string | undefined>>): Packet {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Packet;
}

/** Whether the chain may accept a packet with these fields; a field that is not given may be any. */
export function mayPass({ chain, chains }: ForwardFilter, of: Packet): boolean {
  const seen = new Set<string>();
  const accepts = (name: string): boolean => {
    if (seen.has(name)) return false;
    seen.add(name);
    // A chain that was not listed may accept.
    return chains.get(name)?.some((rule) => holds(rule, of) && reaches(rule)) ?? true;
  };
  const reaches = ({ verdict }: FilterRule): boolean => verdict.kind === 'accept' || accepts(verdict.chain);
  return accepts(chain);
}

function holds({ conditions }: FilterRule, of: Packet): boolean {
  return conditions.every((condition) => mayHold(condition, of[condition.field]));
}

function mayHold({ field, values, negated }: FilterCondition, value: string | undefined): boolean {
  if (value === undefined) return true;
  const isSubnet = field === 'from' || field === 'to';
  if (negated) return !values.some((item) => (isSubnet ? contains(item, value) : matches(item, value)));
  return values.some((item) => (isSubnet ? overlaps(item, value) : matches(item, value)));
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function commands(
  filter: ForwardFilter,
  family: Family,
  { outgoing, replies, published }: Dropped,
): string[] {
  const { table, chain, chains } = filter;
  const ip = ipKeyword(family);
  if (filter.family === ip && table === 'filter' && chain === 'FORWARD') {
    // Docker puts its rules before those of other programs, and DOCKER-USER before its own.
    const insert = `${ip}tables -I ${chains.has('DOCKER-USER') ? 'DOCKER-USER' : chain}`;
    const state = '-m conntrack --ctstate RELATED,ESTABLISHED';
    return [
      ...(outgoing.length > 0 ? [`\`${insert} -s ${outgoing.join(',')} -j ACCEPT\``] : []),
      ...(replies.length > 0 ? [`\`${insert} -d ${replies.join(',')} ${state} -j ACCEPT\``] : []),
      ...(published.length > 0 ? [`\`${insert} -d ${published.join(',')} -j ACCEPT\``] : []),
    ];
  }
  const insert = `nft insert rule ${filter.family} ${table} ${chain}`;
  const set = (subnets: readonly Subnet[]) =>
    subnets.length === 1 ? subnets.join() : `{ ${subnets.join(', ')} }`;
  return [
    ...(outgoing.length > 0 ? [`\`${insert} ${ip} saddr ${set(outgoing)} accept\``] : []),
    ...(replies.length > 0
      ? [`\`${insert} ${ip} daddr ${set(replies)} ct state established,related accept\``]
      : []),
    ...(published.length > 0 ? [`\`${insert} ${ip} daddr ${set(published)} accept\``] : []),
  ];
}
