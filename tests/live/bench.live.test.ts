/** Quick run of the benchmark: every part writes its figures, for packets on the right path. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parts, runBench } from '../../bench/bench.ts';
import { createBenchLab } from '../../bench/lab/bench-lab.ts';
import { checkWay } from '../../bench/lab/right-way.ts';
import { readResult } from '../../bench/output.ts';
import { addresses } from '../../src/lab/layout.ts';
import { aShareOf } from '../thorough.ts';
import { testName } from './test-world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Benchmark part -> number of measured series, and of checks. */
const expected = {
  'one-network': { series: 6 * 4, checks: 6 * 3 },
  gateway: { series: 3 * 5, checks: 3 * 2 },
  node: { series: 7 * 5, checks: 7 * 2 },
  steering: { series: 2 * 3, checks: 2 },
  cost: { series: 3, checks: 2 },
  apply: { series: 8 * 2, checks: 6 },
  start: { series: 4, checks: 3 },
  agent: { series: 8, checks: 8 },
  label: { series: 4, checks: 4 },
};

const measured = aShareOf(parts, 3);
const expectedOf = Object.entries(expected).filter(([name]) => measured.some((part) => part.name === name));

describe('npm run bench -- --quick', () => {
  let into: string;

  beforeAll(async () => {
    into = await mkdtemp(join(tmpdir(), 'mustredirect-bench-'));
    await runBench({
      parts: measured,
      quick: true,
      root,
      into,
      node: { path: process.execPath, version: process.versions.node },
      name: testName(),
      progress: () => {},
      print: () => {},
    });
  });

  afterAll(() => rm(into, { recursive: true, force: true }));

  it.each(expectedOf)('%s writes all of its figures with their origin', async (name, counts) => {
    // The schema requires every field, and a figure above zero in every sample.
    const result = await readResult(into, name);
    expect({ series: result.series.length, checks: result.checks.length }).toEqual(counts);
    expect(result.run.quick).toBe(true);
    expect(result.run.load).toBeGreaterThanOrEqual(0);
    expect(result.versions.node).toBe(process.versions.node);
  });

  it.each(expectedOf)('%s has a chart and a section on the page', async (name) => {
    const svg = await readFile(join(into, 'docs', 'performance', `${name}.svg`), 'utf8');
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(svg).toMatch(/<(polyline|rect) [^>]*(points|width)=/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const page = await readFile(join(into, 'docs', 'performance.md'), 'utf8');
    const section = page.slice(page.indexOf(`<!-- ${name} -->`), page.indexOf(`<!-- /${name} -->`));
    expect(section).toContain(`performance/${name}.svg`);
    expect(section).toMatch(/\| (mustredirect|map) |a chain|node -e 0/);
  });
});

it('figures for packets on another path are refused', async () => {
  const lab = await createBenchLab({
    name: testName(),
    node: process.execPath,
    root,
    variant: 'plain',
    networks: { count: 1, others: 'other nodes' },
  });
  try {
    await checkWay(lab);
    await lab.world.hosts.node1.run(['ip', 'route', 'replace', 'default', 'via', addresses.isp]);
    await expect(checkWay(lab)).rejects.toThrow('packets went to the isp, past the gateway');
  } finally {
    await lab.down();
  }
});
