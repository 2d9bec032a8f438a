/** Rows with the agent on both hosts: captures, the event, and the time until all is as before by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../../src/address/cidr.ts';
import { endingWithStdin, waitUntil } from '../../../src/host/process/background.ts';
import type { Running } from '../../../src/host/ports.ts';
import type { World } from '../../../src/lab/world.ts';
import { mustredirect, programPath } from '../program.ts';
import { declaredWayIsOpen } from './declared-way.ts';
import type { Event } from './event.ts';
import { whileQuiet } from './sender.ts';
import { elsewhereText } from './table.ts';
import { listSeen, watchElsewhere, type Seen } from './watch.ts';
import { families } from './families.ts';

export interface AgentCell {
  readonly event: Event;
  readonly seen: Seen;
  /** milliseconds from the end of the event until new packets of all kinds take the declared path */
  readonly backAfter: number;
  readonly isOpen: Readonly<Record<Family, boolean>>;
  /** what `status --check` names after a while */
  readonly left: string;
}

/** milliseconds of traffic after the steps of an event but the last */
const traffic = 300;
/** Milliseconds until the host is as the file says again: a busy machine takes its time. */
const patience = 30_000;

export async function startAgents({ hosts: { node1, gw1 } }: World): Promise<readonly Running[]> {
  const started = await Promise.all(
    [node1, gw1].map((host) => host.background.start(endingWithStdin([programPath, 'agent']))),
  );
  for (const agent of started) {
    const isReady = (): boolean => agent.output().stderr.includes('holds ');
    if (!(await waitUntil(isReady, patience))) throw new Error(agent.output().stderr);
  }
  return started;
}

export async function runAgentCell(world: World, event: Event): Promise<AgentCell> {
  const { node1, upstream } = world.hosts;
  for (const step of event.prepare ?? []) await step(world);
  const watch = await watchElsewhere(world);
  const steps = [...event.steps, ...(event.undo ?? [])];
  for (const [index, step] of steps.entries()) {
    await step(world);
    if (index < steps.length - 1) await sleep(traffic);
  }
  const begin = performance.now();
  // A connection that stands waits for its own retransmission.
  const isOpen = await declaredWayIsOpen(upstream, ['icmp', 'udp', 'syn']);
  const backAfter = performance.now() - begin;
  let left = '';
  await waitUntil(async () => {
    const { exitCode, stdout, stderr } = await mustredirect(world.hosts[event.host], 'status', '--check');
    left = exitCode === 0 ? '' : stdout + stderr;
    return exitCode === 0;
  }, patience);
  for (const step of event.restore ?? []) await step(world);
  const seen = await watch.stop((read) => whileQuiet(node1, read));
  return { event, seen, backAfter, isOpen, left };
}

/** Faults of a row, one line each. Without any layer, packets may be seen until the agent has brought one back. */
export function agentFaultsOf({ event, seen, isOpen, left }: AgentCell): readonly string[] {
  return [
    ...(event.leaks ? [] : listSeen(seen)),
    ...families
      .filter((family) => !isOpen[family])
      .map((family) => `IPv${family} does not come by the declared way again`),
    ...(left === '' ? [] : [`status --check: ${left}`]),
  ];
}

/** Upper limits of the times in column "back after", in seconds. */
const limits = [0.25, 0.5, 1, 2, 5, 10];

export function agentSectionText(cells: readonly AgentCell[]): string {
  return [
    '## With the agent',
    '',
    '`mustredirect agent` runs on both hosts, and nobody applies anything. "Back after" is the time from the end of the event until',
    'echo requests, datagrams and first packets of connections of both families leave by the gateway again, on a machine that is',
    'busy with these senders. Then `status --check` finds nothing that differs.',
    '',
    '| event | on | elsewhere, IPv4 | elsewhere, IPv6 | back after | `status --check` |',
    '| --- | --- | --- | --- | --- | --- |',
    ...cells.map((cell) => `| ${cellsOf(cell).join(' | ')} |`),
    '',
  ].join('\n');
}

function cellsOf({ event, seen, backAfter, left }: AgentCell): string[] {
  const limit = limits.find((seconds) => backAfter <= seconds * 1000);
  return [
    event.name,
    event.host,
    ...families.map((family) => elsewhereText(seen, family, event.leaks)),
    limit === undefined ? `more than ${limits.at(-1)} s` : `at most ${limit} s`,
    left === '' ? '0' : '3',
  ];
}
