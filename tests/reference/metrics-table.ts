/** The table of metrics in docs/guides/monitoring.md. */
import { allMetrics } from '../../src/agent/api/metrics/catalog.ts';

export function metricsTable(): string {
  const rows = allMetrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return ['| metric | type | labels | value |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
