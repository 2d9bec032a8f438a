/** Comparing two states: set arithmetic on keys. */
import type { Wanted } from '../desired/parts.ts';
import { type HostObject, objectKey } from '../state/objects.ts';

export type Change =
  | { readonly kind: 'add'; readonly to: HostObject; readonly why: string }
  | { readonly kind: 'change'; readonly from: HostObject; readonly to: HostObject; readonly why: string }
  | { readonly kind: 'remove'; readonly from: HostObject };

export function compareStates(actual: readonly HostObject[], wanted: readonly Wanted[]): Change[] {
  const found = new Map(actual.map((object) => [objectKey(object), object]));
  const wantedKeys = new Set(wanted.map(({ object }) => objectKey(object)));
  const changes = wanted.flatMap(({ object: to, why }): Change[] => {
    const from = found.get(objectKey(to));
    if (!from) return [{ kind: 'add', to, why }];
    return isItsKey(to) || sameObject(from, to) ? [] : [{ kind: 'change', from, to, why }];
  });
  const gone = actual.filter((object) => !wantedKeys.has(objectKey(object)));
  return [...changes, ...gone.map((from): Change => ({ kind: 'remove', from }))];
}

/** Nothing about it is not in its key: it is there or not, never changed. */
function isItsKey({ kind }: HostObject): boolean {
  return kind === 'rule' || kind === 'xfrm-policy';
}

export function sameObject(a: HostObject, b: HostObject): boolean {
  // Most are written alike, and that is seen ten times as fast.
  return a === b || JSON.stringify(a) === JSON.stringify(b) || objectText(a) === objectText(b);
}

/** One text per object, equal where the objects are: keys sorted, lists that are sets sorted too. */
export function objectText(object: HostObject): string {
  const unordered = object.kind === 'nft-set' ? 'elements' : 'subnets';
  return JSON.stringify(canonical(object, unordered));
}

function canonical(value: object, unordered: string): object {
  const entries = Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    if (typeof part !== 'object' || part === null) return [[key, part] as const];
    if (Array.isArray(part)) return [[key, key === unordered ? part.map(String).sort() : part] as const];
    // None is as good as an empty list of them.
    const isNothing = key === 'alongside' && Object.keys(part).length === 0;
    return isNothing ? [] : [[key, canonical(part, unordered)] as const];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
