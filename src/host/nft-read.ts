/** Reads our nft table with `nft -j`. */
import * as z from 'zod';
import { MustredirectError } from '../error.ts';
import type { NftChain, NftSet } from '../state/objects.ts';
import { ownNftTable } from '../state/ownership.ts';
import { commandError } from './exec.ts';
import { elementText, ruleText } from './nft-expression.ts';
import type { Exec } from './ports.ts';

export interface NftTable {
  readonly objects: readonly (NftSet | NftChain)[];
  readonly counters: readonly ElementCounter[];
}

/** What one element of a counted set has seen. */
export interface ElementCounter {
  readonly set: string;
  readonly element: string;
  readonly packets: number;
  readonly bytes: number;
}

const setSchema = z.object({
  name: z.string(),
  type: z.union([z.string(), z.array(z.string())]),
  elem: z.array(z.unknown()).optional(),
  stmt: z.array(z.record(z.string(), z.unknown())).optional(),
});
const chainSchema = z.object({
  name: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  prio: z.number().optional(),
  policy: z.string().optional(),
});
const ruleSchema = z.object({ chain: z.string(), expr: z.array(z.unknown()) });
const answerSchema = z.object({
  nftables: z.array(
    z.object({
      set: setSchema.optional(),
      map: z.unknown().optional(),
      chain: chainSchema.optional(),
      rule: ruleSchema.optional(),
    }),
  ),
});
const counterSchema = z.object({
  elem: z.object({ counter: z.object({ packets: z.number(), bytes: z.number() }) }),
});

const argv = ['nft', '-j', 'list', 'table', 'inet', ownNftTable];

/** An absent table is an empty one. */
export async function readNftTable(exec: Exec): Promise<NftTable> {
  const output = await exec.run(argv);
  if (output.exitCode !== 0) {
    if (output.stderr.includes('No such file or directory')) return { objects: [], counters: [] };
    throw commandError(argv, output);
  }
  return decodeNftTable(output.stdout);
}

function decodeNftTable(text: string): NftTable {
  const { nftables } = decodeAnswer(text);
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  const sets = nftables.flatMap(({ set }) => set ?? []);
  return {
    objects: [
      ...sets.map(decodeSet),
      ...nftables.flatMap(({ chain }) => (chain ? decodeChain(chain, rules) : [])),
    ],
    counters: sets.flatMap(decodeCounters),
  };
}

function decodeAnswer(text: string): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MustredirectError('failed', `${argv.join(' ')}: its answer is not understood`, {
      hint: 'nftables 1.0.2 or later is needed: `nft --version`',
      cause,
    });
  }
}

function decodeSet({ name, type, elem, stmt }: z.infer<typeof setSchema>): NftSet {
  const types = typeof type === 'string' ? [type] : type;
  return {
    kind: 'nft-set',
    name,
    type: types,
    counted: (stmt ?? []).some((statement) => 'counter' in statement),
    elements: (elem ?? []).map((element) => elementText(element, types)),
  };
}

function decodeCounters({ name, type, elem }: z.infer<typeof setSchema>): ElementCounter[] {
  const types = typeof type === 'string' ? [type] : type;
  return (elem ?? []).flatMap((element) => {
    const counted = counterSchema.safeParse(element);
    if (!counted.success) return [];
    return [{ set: name, element: elementText(element, types), ...counted.data.elem.counter }];
  });
}

function decodeChain(
  { name, type, hook, prio, policy = 'accept' }: z.infer<typeof chainSchema>,
  rules: readonly z.infer<typeof ruleSchema>[],
): NftChain {
  const texts = rules.filter((rule) => rule.chain === name).map((rule) => ruleText(rule.expr));
  if (type === undefined || hook === undefined || prio === undefined) {
    return { kind: 'nft-chain', name, rules: texts };
  }
  // A hook of another type or policy is somebody's change of ours; it differs, and is made anew.
  return {
    kind: 'nft-chain',
    name,
    hook: {
      type,
      hook,
      priority: prio,
      ...(policy === 'accept' ? {} : { policy }),
    } as NonNullable<NftChain['hook']>,
    rules: texts,
  };
}
