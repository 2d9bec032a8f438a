/** What the samples say: ratios of what was measured in the same round, and whether they reach their target. */
import type { Check, Series, Target } from './result.ts';
import { median, quantile } from './statistics.ts';

export type Key = Pick<Series, 'measure' | 'variant' | 'networks'>;

export function find(series: readonly Series[], { measure, variant, networks }: Key): Series {
  const found = series.find(
    (one) => one.measure === measure && one.variant === variant && one.networks === networks,
  );
  if (!found) throw new RangeError(`nothing was measured: ${measure}, ${variant}, ${networks} networks`);
  return found;
}

/** How fast something is, as a share of something else: more is always better. */
export function speedCheck(what: string, of: Series, against: Series, target?: Target): Check {
  const ratios = pairs(of, against).map(([a, b]) => (of.better === 'more' ? a / b : b / a));
  return checkOf(what, '', ratios, target);
}

/** How much something is, as a multiple of something else. */
export function shareCheck(what: string, of: Series, against: Series, target?: Target): Check {
  const ratios = pairs(of, against).map(([a, b]) => a / b);
  return checkOf(what, '', ratios, target);
}

export function checkOf(what: string, unit: string, values: readonly number[], target?: Target): Check {
  return {
    what,
    unit,
    value: median(values),
    spread: [quantile(values, 0.25), quantile(values, 0.75)],
    ...(target ? { target } : {}),
  };
}

export function isMet({ value, target }: Check): boolean | undefined {
  if (!target) return undefined;
  return target.kind === 'at least' ? value >= target.value : value <= target.value;
}

export function atLeast(value: number): Target {
  return { kind: 'at least', value };
}

export function atMost(value: number): Target {
  return { kind: 'at most', value };
}

/** Of the same round; what was measured only once stands beside each. */
function pairs(of: Series, against: Series): [number, number][] {
  const rounds = Math.max(of.samples.length, against.samples.length);
  return Array.from({ length: rounds }, (_, round) => [sampleOf(of, round), sampleOf(against, round)]);
}

function sampleOf({ samples }: Series, round: number): number {
  return samples[Math.min(round, samples.length - 1)] ?? Number.NaN;
}
