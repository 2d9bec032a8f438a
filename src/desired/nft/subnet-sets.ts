/**
 * nft sets of subnets that every packet is looked up in. Subnets of each prefix length have their own set, of first
 * addresses: a packet's address is masked and looked up by hash. Its cost does not depend on the size of the set;
 * lookups in interval sets become slower as the set grows [measured: docs/performance.md]. Callers name the sets of all
 * lengths at once, and pass their subnets.
 */
import {
  type Family,
  type Subnet,
  hexOfAddress,
  prefixLength,
  prefixLengths,
  prefixMask,
  sortUniqueSubnets,
  fullPrefixLength,
} from '../../address/cidr.ts';
import { onceForEach } from '../../address/once.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import { quotedDestination, redirectedSet, subnetSetName } from '../../kinds/nft-table/set-name.ts';
import { ipKeyword } from './ip-keyword.ts';
import { type DesiredObject, type Steered, subnetsOf } from '../redirect.ts';

export type Field = keyof ReturnType<typeof fieldTexts>;

/** Sets that share a name, one for each prefix length of their subnets. */
export interface SubnetSets {
  readonly family: Family;
  /** `redirected4`; the set of one length has that length as a suffix: `redirected4_24` */
  readonly name: string;
  readonly subnets: readonly Subnet[];
  /** expression for the second part of the set's key: `iifname` */
  readonly extraKey?: string;
}

/** Match for a field with an address of a redirected subnet; one for each prefix length. */
export function isRedirected(family: Family, field: Field, redirects: readonly Steered[]): string[] {
  return isIn(redirectedSets(family, redirects), field);
}

/** Match for a field with any other address. */
export function isNotRedirected(family: Family, field: Field, redirects: readonly Steered[]): string {
  return isNotIn(redirectedSets(family, redirects), field);
}

export function redirectedSets(family: Family, redirects: readonly Steered[]): SubnetSets {
  return { family, name: redirectedSet(family), subnets: subnetsOf(redirects) };
}

/** Match for a field with an address in one of the sets; one for each prefix length. */
export function isIn(sets: SubnetSets, field: Field): string[] {
  return lookups(sets, field, '==', prefixLengths(sets.subnets));
}

/** Match for a field with an address in none of them. */
export function isNotIn(sets: SubnetSets, field: Field): string {
  return lookups(sets, field, '!=', prefixLengths(sets.subnets)).join(' ');
}

/** Jumps to the chain that one of the maps has for a field; one for each prefix length, the longest first. */
export function jumpByMap(maps: SubnetSets, field: Field): string[] {
  return lookups(maps, field, 'vmap', prefixLengths(maps.subnets).toReversed());
}

/** Adds the subnet of a field's address to the counter set of its prefix length, if it is in one of the sets. */
export function addIfIn(sets: SubnetSets, field: Field, counter: string): string[] {
  const { family } = sets;
  return prefixLengths(sets.subnets).flatMap((length) =>
    lookups(sets, field, '==', [length]).map(
      (isOne) => `${isOne} add @${subnetSetName(counter, length)} { ${fieldOf(family, field, length)} }`,
    ),
  );
}

/** `isIn` for callers that know only the prefix lengths. */
export function anyOf(family: Family, field: Field, name: string, lengths: readonly number[]): string[] {
  return lookups({ family, name }, field, '==', lengths);
}

function lookups(
  { family, name, extraKey }: Omit<SubnetSets, 'subnets'>,
  field: Field,
  operator: '==' | '!=' | 'vmap',
  lengths: readonly number[],
): string[] {
  return lengths.map((length) => {
    const key = fieldOf(family, field, length) + (extraKey === undefined ? '' : ` . ${extraKey}`);
    // nft prints `==` only after a mask.
    const isBare = extraKey !== undefined || length === fullPrefixLength(family);
    return `${key} ${operator === '==' && isBare ? '' : `${operator} `}@${subnetSetName(name, length)}`;
  });
}

/** Expression for the first address of the field's subnet of a prefix length. */
export function fieldOf(family: Family, field: Field, length: number): string {
  const text = fieldTexts(family)[field];
  if (length === fullPrefixLength(family)) return text;
  const mask = prefixMask(family, length);
  return `${text} & ${field === 'quoted destination' ? hexOfAddress(mask) : mask}`;
}

function fieldTexts(family: Family) {
  const ip = ipKeyword(family);
  return {
    source: `${ip} saddr`,
    destination: `${ip} daddr`,
    'original source': `ct original ${ip} saddr`,
    'quoted destination': quotedDestination[family],
  };
}

export function subnetSets(
  family: Family,
  name: string,
  subnets: readonly Subnet[],
  why: string,
  counted = false,
): DesiredObject[] {
  return [...addressesByLength(sortUniqueSubnets(subnets))].map(([length, elements]) => ({
    object: {
      kind: 'nft-set',
      name: subnetSetName(name, length),
      exact: true,
      type: [`ipv${family}_addr`],
      counted,
      elements,
    } satisfies NftSet,
    why,
  }));
}

/** First addresses by prefix length: several sets have the same subnets. */
const addressesByLength = onceForEach(
  (subnets: readonly Subnet[]): ReadonlyMap<number, readonly string[]> => {
    const found = new Map<number, string[]>();
    for (const subnet of subnets) {
      const length = prefixLength(subnet);
      const known = found.get(length);
      if (known) known.push(firstAddress(subnet));
      else found.set(length, [firstAddress(subnet)]);
    }
    return found;
  },
);

export interface SubnetElement {
  readonly subnet: Subnet;
  /** second part of the key, as nft text: `"br0"` */
  readonly extraKey?: string;
  /** for maps: the target of the jump */
  readonly chain?: string;
}

/** Sets or maps whose elements may have a bridge or a chain. */
export function elementSets(
  name: string,
  elements: readonly SubnetElement[],
  { type, why, counted = false }: Pick<NftSet, 'type'> & { readonly why: string; readonly counted?: boolean },
): DesiredObject[] {
  const verdicts = elements.some(({ chain }) => chain !== undefined);
  return [...splitByLength(name, elements, type)].map(([one, texts]) => ({
    object: {
      kind: 'nft-set',
      name: one,
      exact: true,
      ...(verdicts ? { verdicts } : {}),
      type,
      counted,
      elements: texts,
    } satisfies NftSet,
    why,
  }));
}

/** Element texts by set name, without duplicates: two networks of the file may claim the same subnet of a bridge. */
export function splitByLength(
  name: string,
  elements: readonly SubnetElement[],
  [of]: NftSet['type'],
): Map<string, string[]> {
  const sets = new Map<string, Set<string>>();
  for (const { subnet, extraKey, chain } of elements) {
    const set = subnetSetName(name, prefixLength(subnet));
    // nft gives fields without a name type integer.
    const address = of === 'integer' ? hexOfAddress(firstAddress(subnet)) : firstAddress(subnet);
    const key = extraKey === undefined ? address : `${address} . ${extraKey}`;
    const texts = sets.get(set) ?? new Set();
    sets.set(set, texts.add(chain === undefined ? key : `${key} : goto ${chain}`));
  }
  return new Map([...sets].map(([set, texts]) => [set, [...texts]]));
}

/** The sets that `addIfIn` fills. */
export function counterSets({ family, subnets }: SubnetSets, counter: string, why: string): DesiredObject[] {
  return prefixLengths(subnets).map((length) => ({
    object: {
      kind: 'nft-set',
      name: subnetSetName(counter, length),
      exact: true,
      dynamic: true,
      type: [`ipv${family}_addr`],
      counted: true,
      elements: [],
    } satisfies NftSet,
    why,
  }));
}

export function firstAddress(subnet: Subnet): string {
  return subnet.slice(0, subnet.indexOf('/'));
}
