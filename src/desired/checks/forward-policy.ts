/**
 * What another table's policy would stop. Every base chain has to accept a packet, so that an accept in our own table
 * does not help. Only what is surely stopped counts: a rule that is not understood may accept.
 */
import { word } from '../nft/word.ts';
import { type Family, type Subnet, contains, familyOf, overlaps } from '../../address/cidr.ts';
import type { FilterCondition, FilterRule, ForwardFilter } from '../../state/facts.ts';
import type { Refusal } from '../redirect.ts';

/** Where packets of a subnet go through this host; a device that is not known may be any. */
export interface Passage {
  readonly subnet: Subnet;
  /** towards the containers */
  readonly inner?: string | undefined;
  /** towards the outside */
  readonly outer?: string | undefined;
  /** somebody outside may be the first to talk */
  readonly called?: boolean;
}

type Packet = Readonly<Partial<Record<FilterCondition['field'], string>>>;

/** What a chain would stop, by what it is. */
interface Stopped {
  readonly asked: readonly Subnet[];
  readonly answers: readonly Subnet[];
  readonly calls: readonly Subnet[];
}

export interface ForwardObstacle extends Refusal {
  /** those of which packets or answers are stopped; a published port alone closes nothing else */
  readonly subnets: readonly Subnet[];
}

/**
 * @param what `gateway office` or `network web`
 * @param passages all of one family
 */
export function forwardObstacles(
  what: string,
  passages: readonly Passage[],
  filters: readonly ForwardFilter[],
): ForwardObstacle[] {
  const [first] = passages;
  if (!first) return [];
  const family = familyOf(first.subnet);
  return filters
    .filter((filter) => sees(filter, family))
    .flatMap((filter) => {
      const stopped = (packetOf: (passage: Passage) => Packet, of = passages): Subnet[] =>
        of.filter((passage) => !mayPass(filter, packetOf(passage))).map(({ subnet }) => subnet);
      const asked = stopped(({ subnet, inner, outer }) =>
        packet({ in: inner, out: outer, from: subnet, state: 'new' }),
      );
      const answers = stopped(({ subnet, inner, outer }) =>
        packet({ in: outer, out: inner, to: subnet, state: 'established' }),
      );
      const calls = stopped(
        ({ subnet, inner, outer }) => packet({ in: outer, out: inner, to: subnet, state: 'new' }),
        passages.filter(({ called }) => called),
      );
      if (asked.length + answers.length + calls.length === 0) return [];
      const { table, chain } = filter;
      const whose = [
        ...(asked.length > 0 ? [`packets from ${asked.join(', ')}`] : []),
        ...(answers.length > 0 ? [`replies to ${answers.join(', ')}`] : []),
        ...(calls.length > 0 ? [`packets to published ports of ${calls.join(', ')}`] : []),
      ].join(' and ');
      return [
        {
          message: `${what}: chain ${chain} of nft table ${filter.family} ${table} has policy drop, and would drop ${whose}`,
          hint: `accept it there: ${commands(filter, family, { asked, answers, calls }).join(' && ')}`,
          subnets: [...new Set([...asked, ...answers])],
        },
      ];
    });
}

function sees({ family: of }: ForwardFilter, family: Family): boolean {
  return of === 'inet' || of === word(family);
}

function packet(fields: Readonly<Record<string, string | undefined>>): Packet {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Packet;
}

function mayPass({ chain, chains }: ForwardFilter, of: Packet): boolean {
  const seen = new Set<string>();
  const accepts = (name: string): boolean => {
    if (seen.has(name)) return false;
    seen.add(name);
    // A chain that was not listed may do anything.
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

function commands(filter: ForwardFilter, family: Family, { asked, answers, calls }: Stopped): string[] {
  const { table, chain, chains } = filter;
  const ip = word(family);
  if (filter.family === ip && table === 'filter' && chain === 'FORWARD') {
    // Docker puts its own rules before those of others, and this chain before its own.
    const insert = `${ip}tables -I ${chains.has('DOCKER-USER') ? 'DOCKER-USER' : chain}`;
    const state = '-m conntrack --ctstate RELATED,ESTABLISHED';
    return [
      ...(asked.length > 0 ? [`\`${insert} -s ${asked.join(',')} -j ACCEPT\``] : []),
      ...(answers.length > 0 ? [`\`${insert} -d ${answers.join(',')} ${state} -j ACCEPT\``] : []),
      ...(calls.length > 0 ? [`\`${insert} -d ${calls.join(',')} -j ACCEPT\``] : []),
    ];
  }
  const insert = `nft insert rule ${filter.family} ${table} ${chain}`;
  const set = (subnets: readonly Subnet[]) =>
    subnets.length === 1 ? subnets.join() : `{ ${subnets.join(', ')} }`;
  return [
    ...(asked.length > 0 ? [`\`${insert} ${ip} saddr ${set(asked)} accept\``] : []),
    ...(answers.length > 0
      ? [`\`${insert} ${ip} daddr ${set(answers)} ct state established,related accept\``]
      : []),
    ...(calls.length > 0 ? [`\`${insert} ${ip} daddr ${set(calls)} accept\``] : []),
  ];
}
