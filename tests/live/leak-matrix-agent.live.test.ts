/** Leak matrix: what the agent mends by itself, and how soon. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Running } from '../../src/host/ports.ts';
import type { World } from '../../src/lab/world.ts';
import { aShareOf } from '../thorough.ts';
import {
  type AgentCell,
  agentFaultsOf,
  agentSectionText,
  runAgentCell,
  startAgents,
} from './leak-matrix/agent-cell.ts';
import { declaredWayIsOpen } from './leak-matrix/declared-way.ts';
import { podmanEvents } from './leak-matrix/events-engine.ts';
import { gatewayEvents } from './leak-matrix/events-gateway.ts';
import { nodeEvents } from './leak-matrix/events-node.ts';
import { exampleFile } from './leak-matrix/families.ts';
import { readSection, writeSection, writesPage } from './leak-matrix/page.ts';
import { fullEngine } from './leak-matrix/parts.ts';
import { createSendingWorld } from './leak-matrix/sending-world.ts';
import { mustSucceed } from './program.ts';

const events = [...nodeEvents, ...podmanEvents, ...gatewayEvents].filter(({ applies }) => !applies);
const cells: AgentCell[] = [];
let world: World;
let agents: readonly Running[] = [];

beforeAll(async () => {
  world = await createSendingWorld(fullEngine, exampleFile);
  const { gw1, node1 } = world.hosts;
  for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
  agents = await startAgents(world);
});

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await world?.down();
});

it('all is redirected', async () => {
  expect(await declaredWayIsOpen(world.hosts.upstream)).toEqual({ 4: true, 6: true });
});

it.each(aShareOf(events, 6))('$name on $host', async (event) => {
  const cell = await runAgentCell(world, event);
  cells.push(cell);
  expect(agentFaultsOf(cell)).toEqual([]);
});

describe('docs/leak-matrix.md', () => {
  it('matches the results', async () => {
    const section = agentSectionText(cells);
    process.stdout.write(`\n${section}\n`);
    if (writesPage) await writeSection('With the agent', section);
    expect(section).not.toContain('**packets**');
    // The times vary with the machine's load.
    const rowsOf = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .map((line) => line.split(' | ').slice(0, 2).join(' | '));
    const written = rowsOf(await readSection('With the agent'));
    expect(rowsOf(section).filter((row) => !written.includes(row))).toEqual([]);
  });
});
