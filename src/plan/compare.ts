/** Comparing two states: set arithmetic on keys. */
import type { DesiredObject } from '../desired/redirect.ts';
import { isAlike, isObject } from '../kinds/alike.ts';
import { type Change, type HostObject, objectKey, objectKindOf } from '../kinds/index.ts';

export function compareStates(actual: readonly HostObject[], wanted: readonly DesiredObject[]): Change[] {
  const keys = actual.map(objectKey);
  const found = new Map(actual.map((object, i) => [keys[i], object]));
  const wantedKeys = new Set<string | undefined>();
  const changes = wanted.flatMap(({ object: to, why }): Change[] => {
    const key = objectKey(to);
    wantedKeys.add(key);
    const from = found.get(key);
    if (!from) return [{ kind: 'add', to, why }];
    return objectKindOf(to).isItsKey || sameObject(from, to) ? [] : [{ kind: 'change', from, to, why }];
  });
  const gone = actual.filter((_, i) => !wantedKeys.has(keys[i]));
  return [...changes, ...gone.map((from): Change => ({ kind: 'remove', from }))];
}

export function sameObject(a: HostObject, b: HostObject): boolean {
  if (a === b) return true;
  // Most are alike part by part: that is seen many times as fast.
  if (isAlike(a, b)) return true;
  const unordered = a.kind === b.kind ? objectKindOf(a).unordered : undefined;
  return unordered === undefined
    ? objectText(a) === objectText(b)
    : sameUnordered({ ...a }, { ...b }, unordered);
}

/** A set may have many elements: they are not sorted to be compared. */
function sameUnordered(a: Fields, b: Fields, unordered: string): boolean {
  const [some, others] = [listIn(a, unordered), listIn(b, unordered)];
  if (some.length !== others.length) return false;
  const rest = { [unordered]: [] };
  if (objectText({ ...a, ...rest }) !== objectText({ ...b, ...rest })) return false;
  const known = new Set(some);
  return known.size === new Set(others).size && others.every((element) => known.has(element));
}

/** An object as fields of which nothing is known. */
type Fields = { readonly kind: string } & Readonly<Record<string, unknown>>;

function listIn(object: Fields, name: string): readonly unknown[] {
  const list = object[name];
  return Array.isArray(list) ? list : [];
}

/** One text per object, equal where the objects are: keys sorted, lists that are sets sorted too. */
export function objectText(object: { readonly kind: string }): string {
  return textOf({ ...object }, objectKindOf(object));
}

type Loose = Pick<ReturnType<typeof objectKindOf>, 'unordered' | 'emptyIsNone'>;

function textOf(value: Readonly<Record<string, unknown>>, loose: Loose): string {
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const part = textOfPart(key, value[key], loose);
    if (part !== undefined) text += `${text && ','}${JSON.stringify(key)}:${part}`;
  }
  return `{${text}}`;
}

function textOfPart(key: string, part: unknown, loose: Loose): string | undefined {
  if (Array.isArray(part)) return JSON.stringify(key === loose.unordered ? part.map(String).sort() : part);
  if (!isObject(part)) return part === undefined ? undefined : JSON.stringify(part);
  return key === loose.emptyIsNone && Object.keys(part).length === 0 ? undefined : textOf(part, loose);
}
