/** Compares two states by the keys of their objects. */
import { asSet, onceForEach } from '../address/once.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import { isAlike, isObject } from '../kinds/alike.ts';
import { type Change, type HostObject, objectKey, objectKindOf } from '../kinds/index.ts';
import { groupBy } from './group-by.ts';

/** Changes by kind, since keys of two kinds are never equal. Where a kind is the same as last time, so are its changes. */
export function compareStates(actual: readonly HostObject[], wanted: readonly DesiredObject[]): Change[] {
  const wantedKinds = wantedByKind(wanted);
  const actualKinds = groupBy(actual, ({ kind }): string => kind);
  const kinds = [...new Set([...wantedKinds.keys(), ...actualKinds.keys()])];
  const compared = kinds.map((kind) =>
    compareAgain(actualKinds.get(kind) ?? [], wantedKinds.get(kind) ?? { entries: [] }),
  );
  const changed = compared.flatMap(({ changes }) => changes).sort((a, b) => a.at - b.at);
  const gone = new Set(compared.flatMap((one) => one.gone));
  return [
    ...changed.map(({ change }) => change),
    ...(gone.size === 0 ? [] : actual.filter((object) => gone.has(object))).map((from): Change => ({
      kind: 'remove',
      from,
    })),
  ];
}

interface WantedEntry extends DesiredObject {
  readonly key: string;
  /** position among the wanted objects of all kinds */
  readonly at: number;
}

interface WantedKind {
  readonly entries: readonly WantedEntry[];
  /** last comparison: an agent compares at each event, and hosts have tens of thousands of objects */
  last?: Compared;
}

interface Compared {
  readonly actual: readonly HostObject[];
  readonly changes: readonly { readonly change: Change; readonly at: number }[];
  readonly gone: readonly HostObject[];
}

const wantedByKind = onceForEach(
  (wanted: readonly DesiredObject[]): ReadonlyMap<string, WantedKind> =>
    new Map(
      [
        ...groupBy(
          wanted.map((one, at) => ({ ...one, key: objectKey(one.object), at })),
          ({ object }): string => object.kind,
        ),
      ].map(([kind, entries]) => [kind, { entries }]),
    ),
);

function compareAgain(actual: readonly HostObject[], wanted: WantedKind): Compared {
  const { last } = wanted;
  if (last && hasSameItems(last.actual, actual)) return last;
  const compared = compareKind(actual, wanted.entries);
  Object.assign(wanted, { last: compared });
  return compared;
}

function hasSameItems(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, i) => item === others[i]);
}

function compareKind(actual: readonly HostObject[], wanted: readonly WantedEntry[]): Compared {
  const keys = actual.map(objectKey);
  const found = new Map(actual.map((object, i) => [keys[i], object]));
  const changes = wanted.flatMap(({ object: to, why, key, at }): Compared['changes'] => {
    const from = found.get(key);
    if (!from) return [{ change: { kind: 'add', to, why }, at }];
    if (objectKindOf(to).neverChanges || sameObject(from, to)) return [];
    return [{ change: { kind: 'change', from, to, why }, at }];
  });
  const wantedKeys = new Set<string | undefined>(wanted.map(({ key }) => key));
  return { actual, changes, gone: actual.filter((_, i) => !wantedKeys.has(keys[i])) };
}

/** Results for sets of nft, whose elements may be ten thousand. */
const equalTo = new WeakMap<HostObject, HostObject>();

export function sameObject(a: HostObject, b: HostObject): boolean {
  if (a === b || equalTo.get(a) === b) return true;
  const same = isSame(a, b);
  if (same && a.kind === 'nft-set') equalTo.set(a, b);
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
  const known = asSet(some);
  return known.size === asSet(others).size && others.every((element) => known.has(element));
}

/** Object with unknown fields. */
type Fields = { readonly kind: string } & Readonly<Record<string, unknown>>;

function listIn(object: Fields, name: string): readonly unknown[] {
  const list = object[name];
  return Array.isArray(list) ? list : [];
}

/** Text of an object, equal for equal objects: keys and unordered lists are sorted. */
export const objectText = onceForEach((object: { readonly kind: string }): string =>
  textOf({ ...object }, objectKindOf(object)),
);

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
