/** Tables, as Markdown that reads well on a terminal too. */
import { isMet } from './checks.ts';
import type { Check, Series } from './result.ts';
import { median } from './statistics.ts';

/** Medians: a row for each number of networks and variant, a column for each measure. */
export function valueTable(series: readonly Series[]): string {
  const measures = [...new Map(series.map(({ measure, unit }) => [measure, unit]))];
  const rows = [...new Map(series.map((one) => [`${one.networks} ${one.variant}`, one])).values()];
  return table(
    ['networks', 'what', ...measures.map(([measure, unit]) => `${measure} (${unit})`)],
    rows.map(({ networks, variant }) => [
      networks.toLocaleString('en'),
      variant,
      ...measures.map(([measure]) => {
        const found = series.find(
          (one) => one.measure === measure && one.networks === networks && one.variant === variant,
        );
        return found ? figure(median(found.samples)) : '';
      }),
    ]),
  );
}

export function checkTable(checks: readonly Check[]): string {
  return table(
    ['what', 'target', 'median', 'spread', 'met'],
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
