/** Comparing two states: set arithmetic on keys. */
import type { DesiredObject } from '../desired/redirect.ts';
import { isAlike, isObject } from '../state/alike.ts';
import { type HostObject, type NftSet, objectKey } from '../state/objects.ts';

export type Change =
  | { readonly kind: 'add'; readonly to: HostObject; readonly why: string }
  | { readonly kind: 'change'; readonly from: HostObject; readonly to: HostObject; readonly why: string }
  | { readonly kind: 'remove'; readonly from: HostObject };

export function compareStates(actual: readonly HostObject[], wanted: readonly DesiredObject[]): Change[] {
  const keys = actual.map(objectKey);
  const found = new Map(actual.map((object, i) => [keys[i], object]));
  const wantedKeys = new Set<string | undefined>();
  const changes = wanted.flatMap(({ object: to, why }): Change[] => {
    const key = objectKey(to);
    wantedKeys.add(key);
    const from = found.get(key);
    if (!from) return [{ kind: 'add', to, why }];
    return isItsKey(to) || sameObject(from, to) ? [] : [{ kind: 'change', from, to, why }];
  });
  const gone = actual.filter((_, i) => !wantedKeys.has(keys[i]));
  return [...changes, ...gone.map((from): Change => ({ kind: 'remove', from }))];
}

/** Nothing about it is not in its key: it is there or not, never changed. */
function isItsKey({ kind }: HostObject): boolean {
  return kind === 'rule' || kind === 'xfrm-policy';
}

export function sameObject(a: HostObject, b: HostObject): boolean {
  if (a === b) return true;
  if (a.kind === 'nft-set' && b.kind === 'nft-set') return sameSet(a, b);
  // Most are alike part by part: that is seen many times as fast.
  return isAlike(a, b) || objectText(a) === objectText(b);
}

/** The kernel gives elements in an order of its own. */
function sameSet(a: NftSet, b: NftSet): boolean {
  if (a.elements.length !== b.elements.length) return false;
  if (objectText({ ...a, elements: [] }) !== objectText({ ...b, elements: [] })) return false;
  if (isAlike(a.elements, b.elements)) return true;
  const [some, others] = [new Set(a.elements), new Set(b.elements)];
  return some.size === others.size && b.elements.every((element) => some.has(element));
}

/** One text per object, equal where the objects are: keys sorted, lists that are sets sorted too. */
export function objectText(object: HostObject): string {
  return textOf({ ...object }, object.kind === 'nft-set' ? 'elements' : 'subnets');
}

function textOf(value: Readonly<Record<string, unknown>>, unordered: string): string {
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const part = textOfPart(key, value[key], unordered);
    if (part !== undefined) text += `${text && ','}${JSON.stringify(key)}:${part}`;
  }
  return `{${text}}`;
}

function textOfPart(key: string, part: unknown, unordered: string): string | undefined {
  if (Array.isArray(part)) return JSON.stringify(key === unordered ? part.map(String).sort() : part);
  if (!isObject(part)) return part === undefined ? undefined : JSON.stringify(part);
  // None is as good as an empty list of them.
  return key === 'alongside' && Object.keys(part).length === 0 ? undefined : textOf(part, unordered);
}
