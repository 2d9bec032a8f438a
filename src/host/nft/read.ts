/** Reads our nft table with `nft -j`. */
import * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import type { NftChain, NftSet } from '../../kinds/nft-table/schema.ts';
import { dynamicSetSize, ownNftTable } from '../../kinds/ownership.ts';
import { commandError } from '../process/exec.ts';
import { elementText, ruleText } from './expression.ts';
import { nftName } from './name.ts';
import { countsOf, plainElement, plainGoto } from './plain-element.ts';
import type { Exec } from '../ports.ts';

export interface NftTable {
  readonly objects: readonly (NftSet | NftChain)[];
  readonly counters: readonly ElementCounter[];
}

/** Counter of one element of a counted set. */
export interface ElementCounter {
  readonly set: string;
  readonly element: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Words that are read here are written into nft texts again. */
const word = z.string().regex(/^\w{1,32}$/, 'not a word');
/** Elements are not validated by the schema, which would copy lists of ten thousand: they are decoded below. */
const elements = z.custom<readonly unknown[]>(Array.isArray);
const pairs = z.custom<readonly (readonly [unknown, unknown])[]>(isListOfPairs);
const setSchema = z.object({
  name: nftName,
  // Since 1.1, nft prints the type of a set of integers as a field.
  type: z.union([word, z.array(word), z.object({ typeof: z.unknown() }).transform(() => 'integer')]),
  flags: z.union([z.string(), z.array(z.string())]).optional(),
  size: z.int().optional(),
  elem: elements.optional(),
  stmt: z.array(z.record(z.string(), z.unknown())).optional(),
});
const mapSchema = setSchema.extend({
  map: word,
  elem: pairs.optional(),
});
const chainSchema = z.object({
  name: nftName,
  type: word.optional(),
  hook: word.optional(),
  prio: z.int().optional(),
  policy: word.optional(),
});
const ruleSchema = z.object({ chain: nftName, expr: z.array(z.unknown()) });
const listingSchema = z.object({
  nftables: z.array(
    z.object({
      table: z.object({ flags: z.unknown().optional() }).optional(),
      set: setSchema.optional(),
      map: mapSchema.optional(),
      chain: chainSchema.optional(),
      rule: ruleSchema.optional(),
    }),
  ),
});

const argv = ['nft', '-j', 'list', 'table', 'inet', ownNftTable];

/** An absent table is read as an empty one. */
export async function readNftTable(exec: Exec): Promise<NftTable> {
  const output = await exec.run(argv);
  if (output.exitCode !== 0) {
    if (output.stderr.includes('No such file or directory')) return { objects: [], counters: [] };
    throw commandError(argv, output);
  }
  return decodeNftTable(output.stdout);
}

function decodeNftTable(text: string): NftTable {
  try {
    return tableOf(listingSchema.parse(JSON.parse(text)));
  } catch (cause) {
    throw new MustredirectError('failed', `${argv.join(' ')}: its output is not understood`, {
      hint: 'nftables 1.0.6 or later is known to work: `nft --version`',
      cause,
    });
  }
}

function tableOf({ nftables }: z.infer<typeof listingSchema>): NftTable {
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  // Order of the table is kept: it is recreated in this order.
  const sets = nftables.flatMap(({ set, map }): DecodedSet[] => {
    if (set) return [decodeSet(set)];
    return map ? [{ set: decodeMap(map), counters: [] }] : [];
  });
  const dormant = nftables.some(({ table }) => table?.flags !== undefined);
  return {
    objects: [
      ...sets.map(({ set }) => set),
      ...nftables.flatMap(({ chain }) => (chain ? decodeChain(chain, rules, dormant) : [])),
    ],
    counters: sets.flatMap(({ counters }) => counters),
  };
}

interface DecodedSet {
  readonly set: NftSet;
  readonly counters: readonly ElementCounter[];
}

function decodeSet(given: z.infer<typeof setSchema>): DecodedSet {
  const { name, type, size, elem = [], stmt = [] } = given;
  const types = typeof type === 'string' ? [type] : type;
  // nft 1.0 does not print flag dynamic; none of our other sets has a size.
  const dynamic = size === dynamicSetSize;
  const flags = dynamic && String(given.flags) === 'dynamic' ? undefined : given.flags;
  const counted = stmt.some((statement) => 'counter' in statement);
  // Our sets have no other attributes, such as timeouts.
  const foreign = [
    ...(flags === undefined || String(flags) === 'interval' ? [] : [`flags ${String(flags)}`]),
    ...(size === undefined || dynamic ? [] : [`size ${size}`]),
  ];
  const texts: string[] = [];
  const counters: ElementCounter[] = [];
  for (const raw of elem) {
    const element = keyText(raw, types);
    if (element === undefined) {
      foreign.push(JSON.stringify(raw));
      continue;
    }
    texts.push(element);
    const counts = counted ? countsOf(raw) : undefined;
    if (counts) counters.push({ set: name, element, ...counts });
  }
  const set: NftSet = {
    kind: 'nft-set',
    name,
    ...(flags === undefined ? { exact: true } : {}),
    ...(dynamic ? { dynamic } : {}),
    type: types,
    counted,
    elements: dynamic ? [] : texts,
    ...(foreign.length > 0 ? { foreign } : {}),
  };
  return { set, counters };
}

function keyText(raw: unknown, types: readonly string[]): string | undefined {
  return plainElement(raw, types) ?? elementText(raw, types);
}

/** A verdict other than goto to a chain is foreign. */
function decodeMap({ map, elem = [], ...rest }: z.infer<typeof mapSchema>): NftSet {
  const { set } = decodeSet(rest);
  const foreign = [...(set.foreign ?? []), ...(map === 'verdict' ? [] : [`map ${map}`])];
  const texts: string[] = [];
  for (const raw of elem) {
    const text = verdictText(raw, set.type);
    if (text === undefined) foreign.push(JSON.stringify(raw));
    else texts.push(text);
  }
  return {
    ...set,
    verdicts: true,
    elements: texts,
    ...(foreign.length > 0 ? { foreign } : {}),
  };
}

function verdictText([key, verdict]: readonly unknown[], types: readonly string[]): string | undefined {
  const element = keyText(key, types);
  const leadsTo = plainGoto(verdict) ?? ruleText([verdict]);
  return element !== undefined && leadsTo?.startsWith('goto ') ? `${element} : ${leadsTo}` : undefined;
}

function decodeChain(
  { name: chain, type, hook, prio, policy = 'accept' }: z.infer<typeof chainSchema>,
  rules: readonly z.infer<typeof ruleSchema>[],
  dormant: boolean,
): NftChain {
  const own = rules
    .filter((rule) => rule.chain === chain)
    .map(({ expr }) => ({ expr, text: ruleText(expr) }));
  const foreign = own.filter(({ text }) => text === undefined).map(({ expr }) => JSON.stringify(expr));
  const what = {
    kind: 'nft-chain',
    name: chain,
    rules: own.flatMap(({ text }) => text ?? []),
    ...(foreign.length > 0 ? { foreign } : {}),
  } as const;
  // Our table has no flags. nft 1.0.6 prints another word instead of `dormant`, so the flag is not compared; chains of
  // a dormant table have no hook.
  if (dormant || type === undefined || hook === undefined || prio === undefined) {
    return what;
  }
  // Another hook type or policy is a foreign change of our chain: it differs from ours, so the chain is recreated.
  return {
    ...what,
    hook: {
      type,
      hook,
      priority: prio,
      ...(policy === 'accept' ? {} : { policy }),
    } as NonNullable<NftChain['hook']>,
  };
}

function isListOfPairs(given: unknown): boolean {
  return Array.isArray(given) && given.every((pair) => Array.isArray(pair) && pair.length === 2);
}
