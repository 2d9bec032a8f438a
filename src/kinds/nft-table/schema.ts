import * as z from 'zod';
import { strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Set or verdict map in table `inet mustredirect`. Elements are nft text in canonical form, sorted. */
export type NftSet = Plain<typeof nftSetSchema>;

export const nftSetSchema = z.object({
  kind: z.literal('nft-set'),
  name: z.string(),
  /** elements are single values, found by hash; absent: elements may be intervals */
  exact: z.literal(true).exactOptional(),
  /** filled by packets: its contents are not compared, and `elements` omits them */
  dynamic: z.literal(true).exactOptional(),
  /** each element has a goto to a chain: `10.89.4.0/24 : goto to4_office` */
  verdicts: z.literal(true).exactOptional(),
  /** types of a concatenation: `['ipv4_addr', 'ifname']` */
  type: strings,
  /** each element counts the packets that match it */
  counted: z.boolean(),
  elements: strings,
  /** foreign attributes and elements, as nft prints them: the set must be recreated */
  foreign: strings.exactOptional(),
});

/** Chain in table `inet mustredirect`. Rules are nft text in canonical form, in order. */
export type NftChain = Plain<typeof nftChainSchema>;

export const nftChainSchema = z.object({
  kind: z.literal('nft-chain'),
  name: z.string(),
  hook: z
    .object({
      type: z.enum(['filter', 'nat', 'route']),
      hook: z.enum(['prerouting', 'input', 'forward', 'output', 'postrouting']),
      priority: z.number(),
      /** absent in our chains: accept */
      policy: z.string().exactOptional(),
    })
    .exactOptional(),
  rules: strings,
  /** foreign rules, as nft prints them: the chain must be recreated */
  foreign: strings.exactOptional(),
});
