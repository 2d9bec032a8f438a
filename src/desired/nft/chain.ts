import type { NftChain } from '../../kinds/nft-table/schema.ts';
import type { DesiredObject } from '../redirect.ts';

/** @param hook absent: only jumps lead to the chain */
export function chain(
  name: string,
  rules: readonly string[],
  why: string,
  hook?: NonNullable<NftChain['hook']>,
): DesiredObject {
  return { object: { kind: 'nft-chain', name, ...(hook ? { hook } : {}), rules }, why };
}
