import * as z from 'zod';
import { strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** A set, or a map of verdicts, of table `inet mustredirect`. Elements are nft text in canonical form, sorted. */
export type NftSet = Plain<typeof nftSetSchema>;

export const nftSetSchema = z.object({
  kind: z.literal('nft-set'),
  name: z.string(),
  /** of whole values, found by their hash; else an element may be an interval */
  exact: z.literal(true).exactOptional(),
  /** filled by packets: what it holds is nobody's wish, and is none of its elements here */
  dynamic: z.literal(true).exactOptional(),
  /** each element leads to a chain: `10.89.4.0/24 : goto to4_office` */
  verdicts: z.literal(true).exactOptional(),
  /** the types of a concatenation: `['ipv4_addr', 'ifname']` */
  type: strings,
  /** each element counts the packets that matched it */
  counted: z.boolean(),
  elements: strings,
  /** what somebody gave it that no set of ours has, as nft says it: it must be made anew */
  foreign: strings.exactOptional(),
});

/** A chain of table `inet mustredirect`. Rules are nft text in canonical form, in order. */
export type NftChain = Plain<typeof nftChainSchema>;

export const nftChainSchema = z.object({
  kind: z.literal('nft-chain'),
  name: z.string(),
  hook: z
    .object({
      type: z.enum(['filter', 'nat', 'route']),
      hook: z.enum(['prerouting', 'input', 'forward', 'output', 'postrouting']),
      priority: z.number(),
      /** absent in ours: accept */
      policy: z.string().exactOptional(),
    })
    .exactOptional(),
  rules: strings,
  /** what somebody added that is of no kind of ours, as nft says it: the chain must be made anew */
  foreign: strings.exactOptional(),
});
