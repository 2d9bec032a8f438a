/** How fast something stays as networks are added: a share of plain, whose own line is one. */
import type { Series } from '../result.ts';
import { find, speedCheck } from '../checks.ts';
import { linePlot, type Panel } from './lines.ts';
import type { Plot } from './plot.ts';

export function sharePlot(name: string, title: string, series: readonly Series[]): Plot {
  const measures = [...new Set(series.map(({ measure }) => measure))];
  return linePlot(
    name,
    `${title}: speed as a share of plain`,
    measures.map((measure) => panelOf(measure, series)),
  );
}

function panelOf(measure: string, all: readonly Series[]): Panel {
  const plain = find(all, { measure, variant: 'plain', networks: 1 });
  const others = all.filter((one) => one.measure === measure && one.variant !== 'plain');
  const sizes = [...new Set(others.map(({ networks }) => networks))];
  const lines = [...new Set(others.map(({ variant }) => variant))].map((variant) => ({
    variant,
    points: others
      .filter((one) => one.variant === variant)
      .map((one) => [one.networks, speedCheck('', one, plain).value] as const),
  }));
  const flat = { variant: 'plain', points: sizes.map((networks) => [networks, 1] as const) };
  // Little above plain, unless something was measured to be.
  const highest = Math.max(...lines.flatMap(({ points }) => points.map(([, share]) => share)));
  const most = Math.max(1.25, Math.ceil(highest * 4) / 4);
  return { title: measure, lines: [flat, ...lines], y: { kind: 'straight', most } };
}
