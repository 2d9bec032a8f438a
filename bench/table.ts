/** Tables, as Markdown that reads well on a terminal too. */
import { isMet } from './checks.ts';
import type { Check, Series } from './result.ts';
import { median } from './statistics.ts';

/** Medians. Numbers of networks are columns where there are several, else what was measured is. */
export function valueTable(series: readonly Series[]): string {
  const sizes = unique(series.map(({ networks }) => networks));
  const variants = unique(series.map(({ variant }) => variant));
  const measures = unique(series.map(({ measure }) => measure));
  const of = (measure: string) => series.filter((one) => one.measure === measure);
  if (sizes.length === 1 && measures.length === 1) {
    return table(
      ['', named(series)],
      series.map((one) => [one.variant, medianOf(one)]),
    );
  }
  if (sizes.length === 1) {
    return table(
      ['', ...variants],
      measures.map((measure) => [
        named(of(measure)),
        ...variants.map((variant) => medianOf(of(measure).find((one) => one.variant === variant))),
      ]),
    );
  }
  return table(
    ['networks', '', ...sizes.map((size) => size.toLocaleString('en'))],
    measures.flatMap((measure) =>
      unique(of(measure).map(({ variant }) => variant)).map((variant) => [
        named(of(measure)),
        variant,
        ...sizes.map((size) =>
          medianOf(of(measure).find((one) => one.variant === variant && one.networks === size)),
        ),
      ]),
    ),
  );
}

function named([first]: readonly Series[]): string {
  return first ? `${first.measure} (${first.unit})` : '';
}

function medianOf(one: Series | undefined): string {
  return one ? figure(median(one.samples)) : '';
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

export function checkTable(checks: readonly Check[]): string {
  return table(
    ['what', 'target', 'value', 'spread', 'met'],
    checks.map((check) => [
      check.what,
      check.target ? `${check.target.kind} ${check.target.value}${unitOf(check)}` : '',
      `${figure(check.value)}${unitOf(check)}`,
      `${figure(check.spread[0])} to ${figure(check.spread[1])}`,
      { true: 'yes', false: '**no**', undefined: '' }[`${isMet(check)}`] ?? '',
    ]),
  );
}

function unitOf({ unit }: Check): string {
  return unit && ` ${unit}`;
}

/** Three digits tell more than is known of most of it. */
function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, 3, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const lineOf = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [lineOf(head), lineOf(widths.map((width) => '-'.repeat(width))), ...rows.map(lineOf)].join('\n');
}
