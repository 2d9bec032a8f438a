/** Compares two states by the keys of their objects. */
import type { DesiredObject } from '../desired/redirect.ts';
import { isAlike, isObject } from '../kinds/alike.ts';
import { type Change, type HostObject, objectKey, objectKindOf } from '../kinds/index.ts';

/** Results for objects that are compared again: an agent does so at each event, and hosts have tens of thousands. */
const keyOf = new WeakMap<HostObject, string>();
const equalTo = new WeakMap<HostObject, HostObject>();

function knownKey(object: HostObject): string {
  const known = keyOf.get(object);
  if (known !== undefined) return known;
  const key = objectKey(object);
  keyOf.set(object, key);
  return key;
}

export function compareStates(actual: readonly HostObject[], wanted: readonly DesiredObject[]): Change[] {
  const keys = actual.map(knownKey);
  const found = new Map(actual.map((object, i) => [keys[i], object]));
  const wantedKeys = new Set<string | undefined>();
  const changes = wanted.flatMap(({ object: to, why }): Change[] => {
    const key = knownKey(to);
    wantedKeys.add(key);
    const from = found.get(key);
    if (!from) return [{ kind: 'add', to, why }];
    return objectKindOf(to).neverChanges || sameObject(from, to) ? [] : [{ kind: 'change', from, to, why }];
  });
  const gone = actual.filter((_, i) => !wantedKeys.has(keys[i]));
  return [...changes, ...gone.map((from): Change => ({ kind: 'remove', from }))];
}

export function sameObject(a: HostObject, b: HostObject): boolean {
  if (a === b || equalTo.get(a) === b) return true;
  const same = isSame(a, b);
  if (same) equalTo.set(a, b);
  return same;
}

function isSame(a: HostObject, b: HostObject): boolean {
  // Fast path: most equal objects are also equal in order, and this check is many times as fast.
  if (isAlike(a, b)) return true;
  const unordered = a.kind === b.kind ? objectKindOf(a).unordered : undefined;
  return unordered === undefined
    ? objectText(a) === objectText(b)
    : sameUnordered({ ...a }, { ...b }, unordered);
}

/** Compares without sorting, since a set may have many elements. */
function sameUnordered(a: Fields, b: Fields, unordered: string): boolean {
  const [some, others] = [listIn(a, unordered), listIn(b, unordered)];
  if (some.length !== others.length) return false;
  const rest = { [unordered]: [] };
  if (objectText({ ...a, ...rest }) !== objectText({ ...b, ...rest })) return false;
  const known = new Set(some);
  return known.size === new Set(others).size && others.every((element) => known.has(element));
}

/** Object with unknown fields. */
type Fields = { readonly kind: string } & Readonly<Record<string, unknown>>;

function listIn(object: Fields, name: string): readonly unknown[] {
  const list = object[name];
  return Array.isArray(list) ? list : [];
}

/** Text of an object, equal for equal objects: keys and unordered lists are sorted. */
export function objectText(object: { readonly kind: string }): string {
  return textOf({ ...object }, objectKindOf(object));
}

type TextOptions = Pick<ReturnType<typeof objectKindOf>, 'unordered' | 'absentWhenEmpty'>;

function textOf(value: Readonly<Record<string, unknown>>, options: TextOptions): string {
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const part = textOfPart(key, value[key], options);
    if (part !== undefined) text += `${text && ','}${JSON.stringify(key)}:${part}`;
  }
  return `{${text}}`;
}

function textOfPart(key: string, part: unknown, options: TextOptions): string | undefined {
  if (Array.isArray(part)) return JSON.stringify(key === options.unordered ? part.map(String).sort() : part);
  if (!isObject(part)) return part === undefined ? undefined : JSON.stringify(part);
  return key === options.absentWhenEmpty && Object.keys(part).length === 0
    ? undefined
    : textOf(part, options);
}
