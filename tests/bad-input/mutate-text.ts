/** Texts damaged as by disks, editors, encodings and crashed programs. */
import * as fc from 'fast-check';

const scraps = [
  '\0', '\r', '\r\n', '\t', '\uFEFF', '\uFFFD', '\u2028', '\u0085', '🙂', '"', "'", '`', '\\', '#', '&a ', '*a', '!!set ', '!t ', '<<: *a\n',
  '? ', ': ', '- ', '{', '}', '[', ']', ',', '|\n', '>-\n', '%YAML 9.9\n', '---\n', '...\n', '@', '~', 'null', 'true', '-1', '1e999', '.nan', '0o17',
  '99999999999999999999', '0xfffffffff', '__proto__: 1\n', 'constructor: 1\n', '10.89.4.7/24', '::1/64', '10.0.0.0/33', '; flush ruleset', '$(reboot)',
]; // prettier-ignore

/** Long and deep texts. */
const large = [
  'x'.repeat(70_000),
  '['.repeat(3000),
  '{a: '.repeat(500),
  '- '.repeat(2000),
  ' '.repeat(20_000),
  `a: &a [x, x]\n${Array.from({ length: 12 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]\n`).join('')}`,
];

type LineMutation =
  | { readonly kind: 'double-line' | 'drop-line'; readonly at: number }
  | { readonly kind: 'swap-lines'; readonly at: number; readonly other: number };

type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | LineMutation
  | { readonly kind: 'insert'; readonly at: number; readonly text: string; readonly over: number }
  | { readonly kind: 'bytes'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'line-ends' };

const at = fc.nat(1_000_000);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flip'), at, bit: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('double-line', 'drop-line'), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('swap-lines'), at, other: at }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('insert'),
      at,
      text: fc.constantFrom(...scraps),
      over: fc.nat(12),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('bytes'), at, bytes: fc.uint8Array({ maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('line-ends') }) },
);
/** Rare, since it takes long. */
const largeMutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constant('insert'),
  at,
  text: fc.constantFrom(...large),
  over: fc.constant(0),
});

/** @returns texts as they are read: invalid UTF-8 becomes U+FFFD */
export function mutatedTexts(originals: readonly string[]): fc.Arbitrary<string> {
  const mutations = fc.oneof(
    { weight: 60, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.tuple(largeMutation) },
  );
  return fc
    .record({ original: fc.constantFrom(...originals), mutations })
    .map(({ original, mutations: list }) => list.reduce(mutate, Buffer.from(original)).toString('utf8'));
}

function mutate(bytes: Buffer, change: Mutation): Buffer {
  switch (change.kind) {
    case 'flip': {
      const place = change.at % Math.max(bytes.length, 1);
      return splice(bytes, place, 1, Buffer.from([(bytes[place] ?? 0) ^ (1 << change.bit)]));
    }
    case 'cut':
      return bytes.subarray(0, change.at % (bytes.length + 1));
    case 'insert':
      return splice(bytes, change.at, change.over, Buffer.from(change.text));
    case 'bytes':
      return splice(bytes, change.at, 0, Buffer.from(change.bytes));
    case 'line-ends':
      return Buffer.from(bytes.toString('utf8').replaceAll('\n', '\r\n'));
    case 'double-line':
    case 'drop-line':
    case 'swap-lines':
      return Buffer.from(mutateLines(bytes.toString('utf8').split('\n'), change).join('\n'));
  }
}

function splice(bytes: Buffer, where: number, over: number, inserted: Buffer): Buffer {
  const place = where % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), inserted, bytes.subarray(place + over)]);
}

function mutateLines(lines: readonly string[], change: LineMutation): string[] {
  const place = change.at % lines.length;
  const line = lines[place] ?? '';
  if (change.kind !== 'swap-lines') {
    return change.kind === 'double-line' ? lines.toSpliced(place, 0, line) : lines.toSpliced(place, 1);
  }
  const other = change.other % lines.length;
  return lines.with(place, lines[other] ?? '').with(other, line);
}
