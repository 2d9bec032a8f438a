import { expect, it } from 'vitest';
import { barPlot } from './bars.ts';

it.each([
  ['below zero', [{ label: 'a', value: -3, spread: [-5, -1] as const, variant: 'plain' }]],
  ['none', []],
])('draws bars that are %s, without a number that is none', (_, bars) => {
  const { svg } = barPlot({ name: 'n', title: 't', bars });
  expect(svg).not.toMatch(/NaN|Infinity|="-/);
  expect(svg.match(/<rect/g)).toHaveLength(1 + bars.length);
});
