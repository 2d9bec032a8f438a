import { describe, expect, it } from 'vitest';
import { type MetricFamily, freshHistogram, observe, textOf } from './metric.ts';

const metric = {
  name: 'a_total',
  type: 'counter',
  help: 'Help with \\ and\na line.',
  labels: ['x'],
} as const;

function written(...families: readonly MetricFamily[]): string {
  return [...textOf(families)].join('');
}

describe('textOf', () => {
  it('writes help, type, labels and values in the text format of Prometheus', () => {
    const samples = [
      { labels: { x: 'a "quoted" \\ value\nof two lines' }, value: 3 },
      { labels: { x: '' }, value: 0.25 },
      { labels: {}, value: NaN },
      { labels: {}, value: -Infinity },
    ];
    expect(written({ metric, samples })).toBe(
      [
        String.raw`# HELP a_total Help with \\ and\na line.`,
        '# TYPE a_total counter',
        String.raw`a_total{x="a \"quoted\" \\ value\nof two lines"} 3`,
        'a_total{x=""} 0.25',
        'a_total NaN',
        'a_total -Inf',
        '',
      ].join('\n'),
    );
  });

  it('leaves out a metric without samples', () => {
    expect(written({ metric, samples: [] })).toBe('');
  });

  it('writes a histogram with cumulative buckets, sum and count', () => {
    const histogram = [0.05, 0.1, 0.2, 7].reduce(observe, freshHistogram([0.1, 1]));
    const family = {
      metric: { ...metric, name: 'b_seconds', type: 'histogram', labels: [] },
      histogram,
    } as const;
    expect(written(family).split('\n').slice(2, -1)).toEqual([
      'b_seconds_bucket{le="0.1"} 2',
      'b_seconds_bucket{le="1"} 3',
      'b_seconds_bucket{le="+Inf"} 4',
      expect.stringMatching(/^b_seconds_sum 7\.35/),
      'b_seconds_count 4',
    ]);
  });

  it('comes in pieces, which together are the same text', () => {
    const samples = Array.from({ length: 1201 }, (_, index) => ({ labels: { x: `${index}` }, value: index }));
    const pieces = [...textOf([{ metric, samples }])];
    expect(pieces).toHaveLength(4);
    expect(pieces.join('').split('\n')).toHaveLength(1201 + 3);
  });
});
