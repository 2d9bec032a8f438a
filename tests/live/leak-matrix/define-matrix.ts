/**
 * Leak matrix: in any event, no packet of a redirected network leaves by another path. Its parts have separate worlds,
 * and run in parallel in half the time. All parts in one process write the page.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabEngine } from '../../../src/lab/engine.ts';
import type { World } from '../../../src/lab/world.ts';
import { runCell, type Cell } from './cell.ts';
import { runControl } from './control.ts';
import { declaredWayIsOpen } from './declared-way.ts';
import { changeEvents } from './events-change.ts';
import { gatewayEvents } from './events-gateway.ts';
import { dockerEvents, podmanEvents } from './events-engine.ts';
import { nodeEvents } from './events-node.ts';
import type { Event } from './event.ts';
import { type MatrixPart, fullEngine } from './parts.ts';
import { journeysOn } from './journeys.ts';
import { type KillRow, runKillRow } from './kill.ts';
import { layerEvents } from './layers.ts';
import { faultsOf } from './judge.ts';
import { crowdedFile, exampleFile, families } from './families.ts';
import { markEvents } from './events-marks.ts';
import { readPage, writeMatrix, writesPage } from './page.ts';
import { killSectionText, measuredWith, pageText, sectionText } from './table.ts';
import { createSendingWorld } from './sending-world.ts';
import { places } from './watch.ts';
import { mustSucceed } from '../program.ts';
import { aShareOf, isThorough } from '../../thorough.ts';

/** Minimum for each kind in one second: 100 are sent, and a busy machine may be late with some. */
const atLeast = 70;

/** sections of engines that are done */
const sections: string[] = [];
const engines = new Set<string>();
let measured = '';

/** Events that do not depend on the engine are tested with one engine. */
function eventsOf(engine: LabEngine): readonly Event[] {
  const ofEngine = engine === 'docker' ? dockerEvents : podmanEvents;
  if (engine !== fullEngine) return [...layerEvents('node1', 'some'), ...ofEngine];
  return [...nodeEvents, ...ofEngine, ...gatewayEvents, ...changeEvents];
}

function eventsIn(what: MatrixPart['what'], engine: LabEngine): readonly Event[] {
  if (what === 'kills') return [];
  const events = what === 'marks' ? markEvents : eventsOf(engine);
  // Other parts have the same layers, or do not depend on what this one varies.
  return aShareOf(events, engine === fullEngine && what === 'events' ? 4 : 3, ({ leaks }) => leaks === true);
}

function titleOf(engine: LabEngine, what: MatrixPart['what']): string {
  return what === 'marks' ? `${engine}, with so many networks that a mark steers` : engine;
}

/** @param parts parts of this file; when the page is written, all parts */
export function defineMatrix(parts: readonly MatrixPart[]): void {
  describe.each(parts)('$engine, $what', ({ engine, what }) => {
    const cells: Cell[] = [];
    const killRows: KillRow[] = [];
    let world: World;

    beforeAll(async () => {
      world = await createSendingWorld(engine, what === 'marks' ? crowdedFile : exampleFile);
    });

    afterAll(async () => {
      engines.add(world.engine.reason.replace(/ with .*/, ''));
      measured = await measuredWith(world, engines);
      if (cells.length > 0) sections.push(sectionText(titleOf(engine, what), cells));
      if (killRows.length > 0) sections.push(killSectionText(killRows));
      await world.down();
    });

    it.each(places)('control: before apply, the capture on %s sees every kind', async (place) => {
      const counted = await runControl(world, place);
      for (const family of families) {
        expect(Math.min(...Object.values(counted[family]))).toBeGreaterThanOrEqual(atLeast);
      }
    });

    it('is redirected by apply', async () => {
      for (const host of [world.hosts.gw1, world.hosts.node1]) await mustSucceed(host, 'apply', '--yes');
      expect(await declaredWayIsOpen(world.hosts.upstream)).toEqual({ 4: true, 6: true });
    });

    it.each(eventsIn(what, engine))('$name', async (event) => {
      const cell = await runCell(world, event);
      cells.push(cell);
      expect(faultsOf(cell)).toEqual([]);
    });

    it.each(what === 'kills' ? aShareOf([...journeysOn('node1'), ...journeysOn('gw1')], 2) : [])(
      '$name on $host, killed at boundaries',
      { timeout: 1_800_000 },
      async (journey) => {
        const row = await runKillRow(world, journey);
        killRows.push(row);
        expect(row.faults).toEqual([]);
        expect(row.boundaries).toBeGreaterThan(isThorough ? 3 : 0);
      },
    );
  });

  describe('docs/leak-matrix.md', () => {
    it('matches the results', async () => {
      const text = pageText(measured, atLeast, sections);
      process.stdout.write(`\n${text}\n`);
      if (writesPage) await writeMatrix(text);
      const written = await readPage();
      // Column `meanwhile` may vary with the machine's load; engines that this machine lacks are not compared.
      expect(sections.flatMap(outline).filter((row) => !outline(written).includes(row))).toEqual([]);
    });
  });
}

/** Events, and whether packets were seen elsewhere. */
function outline(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return rows.map((row) => `${row.split(' | ').slice(0, 2).join(' | ')}, ${row.includes('**packets**')}`);
}
