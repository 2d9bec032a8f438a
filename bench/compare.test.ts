import { describe, expect, it } from 'vitest';
import { atLeast, atMost, checkOf, isMet, shareCheck, speedCheck } from './checks.ts';
import { compare, turned } from './compare.ts';
import { withSection } from './page.ts';
import type { Series } from './result.ts';
import { interpolatedMedian, median, quantile } from './statistics.ts';

const subjects = ['a', 'b', 'c'].map((variant) => ({ variant, networks: 1, at: variant }));

function series(better: Series['better'], ...samples: [number, ...number[]]): Series {
  return { measure: 'm', unit: 's', better, variant: 'v', networks: 1, samples };
}

describe('compare', () => {
  it('measures everybody in every round, in another order each time', async () => {
    const taken: string[] = [];
    const take = async (at: string) => taken.push(at);
    const measure = { name: 'm', unit: 's', better: 'more', take } as const;
    const result = await compare(subjects, [measure], 3, () => {});
    expect(taken.join('')).toBe('abcacbcab');
    expect(result.map(({ variant, samples }) => [variant, samples])).toEqual([
      ['a', [1, 4, 8]],
      ['b', [2, 6, 9]],
      ['c', [3, 5, 7]],
    ]);
  });

  it.each([Number.NaN, 0])('refuses %d, which is no figure', async (value) => {
    const measure = { name: 'm', unit: 's', better: 'more', take: async () => value } as const;
    await expect(compare(subjects, [measure], 1, () => {})).rejects.toThrow('m of a, 1 networks: gave no');
  });

  it('nobody always comes after the same', () => {
    const rounds = [0, 1, 2, 3].map((round) => turned(['a', 'b', 'c'], round).join(''));
    expect(rounds).toEqual(['abc', 'acb', 'cab', 'cba']);
  });
});

describe('checks', () => {
  it('a speed is more when more is better, and when less is: of each round, not of the medians', () => {
    expect(speedCheck('', series('more', 1, 9, 30), series('more', 2, 9, 10)).value).toBe(1);
    expect(speedCheck('', series('less', 4), series('less', 1)).value).toBe(0.25);
    expect(shareCheck('', series('less', 4), series('less', 1)).value).toBe(4);
  });

  it('what was measured once stands beside every round', () => {
    expect(shareCheck('', series('less', 60), series('less', 1, 2, 3))).toMatchObject({
      value: 30,
      spread: [25, 45],
    });
  });

  it('a target is met up to its very value, and nothing is said where there is none', () => {
    expect(isMet(checkOf('', '', [0.97], atLeast(0.97)))).toBe(true);
    expect(isMet(checkOf('', '', [0.96], atLeast(0.97)))).toBe(false);
    expect(isMet(checkOf('', '', [2.1], atMost(2)))).toBe(false);
    expect(isMet(checkOf('', '', [2.1]))).toBeUndefined();
  });
});

describe('statistics', () => {
  it('median and quantiles are between the values that are there', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
  });

  it('the median of rounded values is finer than they are', () => {
    expect(interpolatedMedian([13, 14, 14, 15])).toBe(14);
    expect(interpolatedMedian([13, 13, 14, 14, 14, 14, 100, 100])).toBe(14);
    expect(interpolatedMedian([14, 14, 14, 15])).toBeCloseTo(14.17, 2);
  });
});

describe('the page', () => {
  it('gets a section at its end once, and in its place from then on', () => {
    const once = withSection('# Performance\n\nBefore.\n', 'node', 'old');
    const page = `${once}\nAfter.\n`;
    expect(withSection(page, 'node', 'new')).toBe(
      '# Performance\n\nBefore.\n\n<!-- node -->\n\nnew\n\n<!-- /node -->\n\nAfter.\n',
    );
  });
});
