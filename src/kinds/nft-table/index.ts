/** Sets and chains of our nft table. They change together in one transaction: src/plan/nft-steps.ts. */
import { asSet } from '../../address/once.ts';
import { printList } from '../list.ts';
import type { ObjectKind } from '../object-kind.ts';
import { type NftChain, type NftSet, nftChainSchema, nftSetSchema } from './schema.ts';
import { describesOthers } from './set-name.ts';

export const nftSetKind: ObjectKind<NftSet> = {
  name: 'nft-set',
  schema: nftSetSchema,
  key: ({ name }) => `nft-set ${name}`,
  // The kernel lists elements in an order of its own.
  unordered: 'elements',
  print: ({ name, dynamic, elements }) => `nft set ${name}${dynamic ? '' : `: ${printList(elements)}`}`,
  printDifference: (from, to) => `nft set ${to.name}: ${printElements(from, to)}`,
  describesOthers: ({ name }) => describesOthers(name),
};

export const nftChainKind: ObjectKind<NftChain> = {
  name: 'nft-chain',
  schema: nftChainSchema,
  key: ({ name }) => `nft-chain ${name}`,
  print: ({ name, rules }) => `nft chain ${name}: ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`,
  printDifference: (from, to) => `nft chain ${to.name}: ${printRules(from, to) || printHook(from, to)}`,
};

function printElements(from: NftSet, to: NftSet): string {
  const added = missingIn(to.elements, from.elements);
  const gone = missingIn(from.elements, to.elements);
  return [
    ...(added.length > 0 ? [`with ${printList(added)}`] : []),
    ...(gone.length > 0 ? [`without ${printList(gone)}`] : []),
    ...printForeign(from),
  ].join(', ');
}

function printHook(from: NftChain, to: NftChain): string {
  const same = JSON.stringify(from.hook) === JSON.stringify(to.hook);
  return same ? 'its rules in order' : 'its hook and policy as they were';
}

/** Prints added and removed rules of a chain, in the form of `nft list`. */
function printRules(from: NftChain, to: NftChain): string {
  return [
    ...missingIn(to.rules, from.rules).map((rule) => `with \`${rule}\``),
    ...missingIn(from.rules, to.rules).map((rule) => `without \`${rule}\``),
    ...printForeign(from),
  ].join(', ');
}

function printForeign({ foreign = [] }: NftSet | NftChain): string[] {
  return foreign.map((part) => `without \`${part}\``);
}

function missingIn(some: readonly string[], others: readonly string[]): string[] {
  const known = asSet(others);
  return some.filter((item) => !known.has(item));
}
