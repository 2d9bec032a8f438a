/** Bars that lie one below the other, each with its spread. */
import type { Plot } from './plot.ts';
import { type Point, colourOf, element, faint, ink, line, picture, text } from './svg.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly spread: readonly [number, number];
  /** whose colour it has */
  readonly variant: string;
}

export interface Bars {
  readonly name: string;
  readonly title: string;
  /** a line that all of them are compared to */
  readonly reference?: number;
  readonly bars: readonly Bar[];
}

const width = 760;
const left = 330;
const right = 60;
const top = 40;
const row = 26;

export function barPlot({ name, title, reference, bars }: Bars): Plot {
  const highest = Math.max(reference ?? 0, ...bars.map(({ spread }) => spread[1]));
  const most = highest > 0 ? highest * 1.05 : 1;
  // Less than nothing is nothing, measured with some luck.
  const x = (value: number) => left + ((width - left - right) * Math.max(0, value)) / most;
  const height = top + bars.length * row + 20;
  const parts = [
    text([12, 24], title, 'start', { 'font-weight': 'bold', 'font-size': 14 }),
    ...bars.flatMap((bar, index) => drawBar(bar, top + index * row, x)),
    line([x(0), top], [x(0), height - 20], { stroke: faint }),
    ...(reference === undefined ? [] : drawReference(reference, x(reference), height)),
  ];
  return { name, title, svg: picture(width, height, title, parts) };
}

function drawReference(value: number, x: number, height: number): string[] {
  return [
    line([x, top], [x, height - 20], { stroke: ink, 'stroke-dasharray': '4 3' }),
    text([x, height - 6], String(value), 'middle'),
  ];
}

function drawBar({ label, value, spread, variant }: Bar, y: number, x: (value: number) => number): string[] {
  const middle = y + row / 2;
  const [from, to]: [Point, Point] = [
    [x(spread[0]), middle],
    [x(spread[1]), middle],
  ];
  return [
    text([left - 8, middle + 4], label, 'end'),
    element('rect', {
      x: x(0),
      y: y + 4,
      width: x(value) - x(0),
      height: row - 8,
      fill: colourOf(variant),
    }),
    line(from, to, { stroke: ink, 'stroke-width': 2 }),
    text([width - 12, middle + 4], value.toPrecision(3), 'end'),
  ];
}
