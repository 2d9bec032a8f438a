/** JSON with changed values, as from other program versions or from an attacker. */
import * as fc from 'fast-check';

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** Values that are unsafe in an nft text, in a line of `ip -batch`, or in a shell. */
const harmful = [
  'x\nflush ruleset', '" } ; flush ruleset ; {', 'a;b', 'a"b', "a'b", 'a#b', 'eth*', '*', '$(reboot)', '`id`', 'a\\', '-batch', 'a b', 'x{',
  'default via 1.2.3.4', '10.0.0.0/8 dev eth0', '@redirected4', 'drop\nadd rule inet mustredirect guard accept', '\0', '\u001b[2J', '../../etc/passwd',
]; // prettier-ignore
const odd: readonly Value[] = [
  null, true, false, 0, -1, 0.5, 1e308, 2 ** 32, 2 ** 53, '', ' ', 'all', 'default', '0', '-1', '1e9', '99999999999', '0xffffffffff', '10.0.0.1/99',
  '10.0.0.5/24', '256.1.1.1', '::1', 'fe80::1%eth0', '2001:db8::/64', 'é', '🙂'.repeat(20), 'x'.repeat(5000), [], {}, [[]], [null], { toString: 1 },
  { length: 5 }, { range: ['10.9.0.1', '10.9.0.6'] }, { prefix: { addr: '10.9.0.0', len: 99 } }, { concat: ['10.9.0.1', 'a"b'] },
  { elem: { val: 'a"b' } }, { set: ['10.0.0.1'] }, JSON.parse('['.repeat(300) + ']'.repeat(300)) as Value,
]; // prettier-ignore

interface Mutation {
  readonly at: number;
  readonly change: 'replace' | 'remove' | 'double' | 'rename' | 'prefix' | 'swap';
  readonly to: Value;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1_000_000),
  change: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'double', 'rename', 'prefix', 'swap'),
  to: fc.oneof(fc.constantFrom(...odd), fc.constantFrom(...harmful)),
});

/** @param originals JSON texts */
export function mutatedValues(originals: readonly string[]): fc.Arbitrary<string> {
  return fc
    .record({
      original: fc.constantFrom(...originals),
      mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
    })
    .map(({ original, mutations }) => {
      const root = { root: JSON.parse(original) as Value };
      for (const each of mutations) mutate(root, each);
      return JSON.stringify(root.root);
    });
}

interface Slot {
  readonly holder: Value[] | { [key: string]: Value };
  readonly key: string;
}

function mutate(root: { [key: string]: Value }, { at, change, to }: Mutation): void {
  const slots = slotsOf(root);
  const { holder, key } = slots[at % slots.length] ?? { holder: root, key: 'root' };
  const record = holder as { [key: string]: Value };
  const value = record[key] ?? null;
  switch (change) {
    case 'replace':
      record[key] = structuredClone(to);
      return;
    case 'remove':
      if (holder === root) return;
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete record[key];
      return;
    case 'double':
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      return;
    case 'rename':
      if (Array.isArray(holder) || holder === root) return;
      delete record[key];
      record[`${key}x`] = value;
      return;
    case 'prefix':
      if (typeof value === 'string') record[key] = value + (typeof to === 'string' ? to : JSON.stringify(to));
      return;
    case 'swap': {
      const other = slots[(at * 31) % slots.length];
      if (other) record[key] = structuredClone((other.holder as { [key: string]: Value })[other.key] ?? null);
    }
  }
}

function slotsOf(holder: Value): Slot[] {
  if (holder === null || typeof holder !== 'object') return [];
  return Object.entries(holder).flatMap(([key, value]) => [{ holder, key }, ...slotsOf(value)]);
}
