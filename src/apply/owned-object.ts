/** An object of ours as the journal keeps it: a text that can be compared, and read again. */
import * as z from 'zod';
import type { NftObject } from '../plan/nft-text.ts';
import type { HostObject, IptablesRule, Route, Rule, XfrmPolicy } from '../state/objects.ts';

const family = z.literal([4, 6]);
const strings = z.array(z.string());

const ownedSchema: z.ZodType<Rule | Route | XfrmPolicy | IptablesRule | NftObject> = z.discriminatedUnion(
  'kind',
  [
    z.object({
      kind: z.literal('rule'),
      family,
      preference: z.number(),
      from: z.string().exactOptional(),
      to: z.string().exactOptional(),
      fwmark: z.object({ value: z.number(), mask: z.number() }).exactOptional(),
      device: z.string().exactOptional(),
      protocol: z.number().exactOptional(),
      ports: z.tuple([z.number(), z.number()]).exactOptional(),
      action: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('lookup'), table: z.number(), suppress: z.number().exactOptional() }),
        z.object({ kind: z.literal('goto'), preference: z.number() }),
        z.object({ kind: z.literal('blackhole') }),
        z.object({ kind: z.literal('prohibit') }),
        z.object({ kind: z.literal('unreachable') }),
        z.object({ kind: z.literal('nop') }),
      ]),
    }),
    z.object({
      kind: z.literal('route'),
      family,
      table: z.number(),
      destination: z.string(),
      metric: z.number(),
      target: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('unreachable') }),
        z.object({
          kind: z.literal('unicast'),
          via: z.string().exactOptional(),
          device: z.string().exactOptional(),
        }),
      ]),
    }),
    z.object({ kind: z.literal('xfrm-policy'), family, from: z.string(), bit: z.number().exactOptional() }),
    z.object({
      kind: z.literal('iptables-rule'),
      family,
      table: z.enum(['filter', 'raw']),
      chain: z.string(),
      args: strings,
      late: z.literal(true).exactOptional(),
    }),
    z.object({
      kind: z.literal('nft-set'),
      name: z.string(),
      exact: z.literal(true).exactOptional(),
      dynamic: z.literal(true).exactOptional(),
      verdicts: z.literal(true).exactOptional(),
      type: strings,
      counted: z.boolean(),
      elements: strings,
      foreign: strings.exactOptional(),
    }),
    z.object({
      kind: z.literal('nft-chain'),
      name: z.string(),
      hook: z
        .object({
          type: z.enum(['filter', 'nat', 'route']),
          hook: z.enum(['prerouting', 'input', 'forward', 'output', 'postrouting']),
          priority: z.number(),
          policy: z.string().exactOptional(),
        })
        .exactOptional(),
      rules: strings,
      foreign: strings.exactOptional(),
    }),
  ],
);

/** @param text made by `objectText` */
export function parseOwned(text: string): HostObject {
  return ownedSchema.parse(JSON.parse(text));
}
