/**
 * Foreign sources on the bridges of redirected networks: a container that gives itself another address, or one of a
 * family in which nothing is redirected here.
 */
import { type Family, families } from '../address/cidr.ts';
import { word } from './nft-word.ts';
import { type Part, type Wanted, isLocal } from './parts.ts';

/**
 * For chain `forward`. Inside of a bridge its own hosts may talk as they like: with br_netfilter, that comes by there
 * too. Of a family in which no network here has a subnet, every source is foreign.
 */
export function foreignJumps(parts: readonly Part[]): string[] {
  return hasBridges(parts) ? families.map((family) => foreignJump(parts, family)) : [];
}

function foreignJump(parts: readonly Part[], family: Family): string {
  const local = localIn(family, parts);
  if (local.length === 0) return `meta nfproto ipv${family} oifname != @bridges jump unmentioned`;
  const sets = [
    `@local${family}`,
    ...(local.some(({ beside }) => beside.length > 0) ? [`@beside${family}`] : []),
  ];
  const foreign = sets.map((name) => `${word(family)} saddr != ${name}`).join(' ');
  return `oifname != @bridges ${foreign} jump foreign`;
}

/** The chains that those lead to. What answers a question came by an address of another network. */
export function foreignChains(parts: readonly Part[]): Wanted[] {
  if (!hasBridges(parts)) return [];
  const known = (family: Family): boolean => localIn(family, parts).length > 0;
  const drop = 'iifname @bridges drop';
  return [
    ...(families.some(known)
      ? [
          chain(
            'foreign',
            ['ct direction reply return', drop],
            'stops, and counts, what leaves a bridge with a foreign source',
          ),
        ]
      : []),
    ...(families.every(known)
      ? []
      : [
          chain(
            'unmentioned',
            ['ct direction reply ct status dnat return', drop],
            'stops, and counts, what leaves a bridge in a family that is redirected nowhere here, but for answers of published ports',
          ),
        ]),
  ];
}

function hasBridges(parts: readonly Part[]): boolean {
  return parts.some((part) => part.bridge !== undefined);
}

function localIn(family: Family, parts: readonly Part[]): Part[] {
  return parts.filter((part) => part.family === family && isLocal(part));
}

function chain(name: string, rules: readonly string[], why: string): Wanted {
  return { object: { kind: 'nft-chain', name, rules }, why };
}
