/** Panels side by side: something against the number of networks, one line for each variant. */
import type { Plot } from './plot.ts';
import { type Point, colourOf, element, faint, ink, line, picture, text } from './svg.ts';

export interface Panel {
  readonly title: string;
  readonly lines: readonly { readonly variant: string; readonly points: readonly Point[] }[];
  /** of a straight scale, its end; with `log`, both ends are powers of ten around the points */
  readonly y: { readonly kind: 'straight'; readonly most: number } | { readonly kind: 'log' };
}

const size = { width: 360, height: 256 };
const inner = { left: 52, right: 20, top: 34, bottom: 42 };
const perRow = 3;
const head = 52;

export function linePlot(name: string, title: string, panels: readonly Panel[]): Plot {
  const columns = Math.min(perRow, panels.length);
  const height = head + Math.ceil(panels.length / columns) * size.height;
  const variants = [...new Set(panels.flatMap(({ lines }) => lines.map(({ variant }) => variant)))];
  const parts = [
    text([12, 22], title, 'start', { 'font-weight': 'bold', 'font-size': 14 }),
    ...variants.flatMap((variant, index) => drawLegend(variant, [14 + index * 120, 42])),
    ...panels.map((panel, index) => {
      const at = `translate(${(index % columns) * size.width} ${head + Math.floor(index / columns) * size.height})`;
      return element('g', { transform: at }, ...drawPanel(panel));
    }),
  ];
  return { name, title, svg: picture(Math.max(columns * size.width, 400), height, title, parts) };
}

function drawLegend(variant: string, [x, y]: Point): string[] {
  return [line([x, y - 4], [x + 22, y - 4], strokeOf(variant)), text([x + 28, y], variant)];
}

function strokeOf(variant: string): Record<string, string | number> {
  return {
    stroke: colourOf(variant),
    'stroke-width': 2,
    ...(variant === 'plain' ? { 'stroke-dasharray': '5 4' } : {}),
  };
}

function drawPanel(panel: Panel): string[] {
  const points = panel.lines.flatMap((one) => one.points);
  const x = logScale(
    points.map(([networks]) => networks),
    [inner.left, size.width - inner.right],
  );
  const y = scaleOf(panel);
  const [bottom, right] = [size.height - inner.bottom, size.width - inner.right];
  return [
    text([inner.left, 20], panel.title),
    ...y.ticks.flatMap((tick) => [
      line([inner.left, y.at(tick)], [right, y.at(tick)], { stroke: faint }),
      text([inner.left - 6, y.at(tick) + 4], label(tick), 'end'),
    ]),
    line([inner.left, bottom], [right, bottom], { stroke: ink }),
    ...[...new Set(points.map(([networks]) => networks))].map((networks) =>
      text([x.at(networks), bottom + 18], label(networks), 'middle'),
    ),
    text([(inner.left + right) / 2, bottom + 32], 'networks', 'middle'),
    ...panel.lines.flatMap((one) =>
      drawLine(
        one.variant,
        one.points.map(([networks, value]) => [x.at(networks), y.at(value)]),
      ),
    ),
  ];
}

function drawLine(variant: string, points: readonly Point[]): string[] {
  const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
  return [
    element('polyline', { points: path, fill: 'none', ...strokeOf(variant) }),
    ...points.map(([cx, cy]) => element('circle', { cx, cy, r: 3, fill: colourOf(variant) })),
  ];
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

function scaleOf({ y, lines }: Panel): Scale {
  const range: Point = [size.height - inner.bottom, inner.top];
  if (y.kind === 'log') {
    return logScale(
      lines.flatMap(({ points }) => points.map(([, value]) => value)),
      range,
    );
  }
  const at = (value: number) => range[0] + ((range[1] - range[0]) * value) / y.most;
  return { ticks: Array.from({ length: 6 }, (_, index) => (y.most * index) / 5), at };
}

/** From the power of ten below the least to that above the most. */
function logScale(values: readonly number[], [from, to]: Point): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1);
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { ticks, at: (value) => from + ((to - from) * (Math.log10(value) - low)) / (high - low) };
}

function label(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 4 });
}
