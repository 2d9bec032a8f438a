/** Metrics of Prometheus, and their text format (version 0.0.4). Pure. */

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A metric with its samples. Values of a histogram have their own form. */
export type MetricFamily =
  | { readonly metric: Metric; readonly samples: readonly Sample[] }
  | { readonly metric: Metric; readonly histogram: Histogram };

/** Observed values, counted by upper limits. */
export interface Histogram {
  readonly limits: readonly number[];
  /** number of values of each limit that no smaller limit holds; the last one: values above all limits */
  readonly counts: readonly number[];
  readonly sum: number;
}

export function freshHistogram(limits: readonly number[]): Histogram {
  return { limits, counts: [...limits, Infinity].map(() => 0), sum: 0 };
}

export function observe(histogram: Histogram, value: number): Histogram {
  const { limits, counts, sum } = histogram;
  const found = limits.findIndex((limit) => value <= limit);
  const index = found === -1 ? limits.length : found;
  return {
    limits,
    counts: counts.map((count, i) => (i === index ? count + 1 : count)),
    sum: sum + value,
  };
}

/** samples in a piece of text: 50 KB, about half a millisecond */
const samplesInPiece = 500;

/** The text of all metrics, in pieces, so that a caller with something else to do can pause. */
export function* textOf(families: Iterable<MetricFamily>): Generator<string> {
  for (const family of families) {
    const { name, help, type } = family.metric;
    const items = 'histogram' in family ? histogramLines(name, family.histogram) : family.samples;
    if (items.length === 0) continue;
    yield `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    for (let from = 0; from < items.length; from += samplesInPiece) {
      const piece = items.slice(from, from + samplesInPiece);
      yield piece.map((item) => (typeof item === 'string' ? item : sampleLine(name, item))).join('');
    }
  }
}

function sampleLine(name: string, { labels, value }: Sample): string {
  return `${name}${labelText(labels)} ${valueText(value)}\n`;
}

function histogramLines(name: string, { limits, counts, sum }: Histogram): string[] {
  let total = 0;
  const buckets = [...limits, Infinity].map((limit, index) => {
    total += counts[index] ?? 0;
    return `${name}_bucket{le="${valueText(limit)}"} ${total}\n`;
  });
  return [...buckets, `${name}_sum ${valueText(sum)}\n`, `${name}_count ${total}\n`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return `${value}`;
  return value > 0 ? '+Inf' : '-Inf';
}
