/** Files in contrib: alerts and dashboard name what the agent has, and the guide names them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { allMetrics } from '../src/agent/api/metrics/catalog.ts';
import { read } from './pages/pages.ts';

const root = new URL('../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const guide = read('docs/guides/monitoring.md');

/** Names as Prometheus stores them: a histogram has three. */
const stored = new Set(
  allMetrics.flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  ),
);
const namesIn = (expression: string): string[] => expression.match(/mustredirect_\w+/g) ?? [];

const alertSchema = z.object({
  alert: z.string(),
  expr: z.string(),
  labels: z.object({ severity: z.enum(['critical', 'warning']) }),
});
const { groups } = z
  .object({ groups: z.array(z.object({ rules: z.array(alertSchema) })) })
  .parse(parse(text('contrib/prometheus/alerts.yml')));
const alerts = groups.flatMap(({ rules }) => rules);

describe('contrib/prometheus/alerts.yml', () => {
  it.each(alerts)('$alert names metrics of the agent, and is in the guide', ({ alert, expr }) => {
    expect(namesIn(expr).filter((name) => !stored.has(name))).toEqual([]);
    expect(guide).toContain(`\`${alert}\``);
  });

  it('is all that the guide has', () => {
    const named = new Set(guide.match(/`Mustredirect\w+`/g));
    expect([...named].sort()).toEqual(alerts.map(({ alert }) => `\`${alert}\``).sort());
  });
});

const grid = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const panelSchema = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: grid,
  datasource: z.object({ type: z.literal('prometheus'), uid: z.literal('${datasource}') }).optional(),
  targets: z
    .array(
      z.object({
        refId: z.string(),
        expr: z.string(),
        datasource: z.object({ uid: z.literal('${datasource}') }),
      }),
    )
    .optional(),
});
const dashboard = z
  .object({
    title: z.string(),
    uid: z.string().max(40),
    schemaVersion: z.number().min(36),
    templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
    panels: z.array(panelSchema),
  })
  .parse(JSON.parse(text('contrib/grafana/mustredirect.json')));

describe('contrib/grafana/mustredirect.json', () => {
  const shown = dashboard.panels.filter(({ type }) => type !== 'row');

  const variables = dashboard.templating.list.map(({ name }) => name);

  it.each(shown)(
    'panel $title asks for metrics of the agent, by variables that exist',
    ({ targets = [] }) => {
      expect(variables).toEqual(['datasource', 'job', 'instance']);
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      const expressions = targets.map(({ expr }) => expr).join(' ');
      expect(namesIn(expressions).filter((name) => !stored.has(name))).toEqual([]);
      const used = Array.from(expressions.matchAll(/\$(\w+)/g), ([, name = '']) => name);
      expect(used.filter((name) => ![...variables, '__rate_interval'].includes(name))).toEqual([]);
      // Every selector: another job may have metrics of the same name.
      const selectors = expressions.match(/mustredirect_\w+\{job="\$job", instance=~"\$instance"/g);
      expect(selectors).toHaveLength(namesIn(expressions).length);
    },
  );

  it('has panels of their own ids, which do not overlap', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
