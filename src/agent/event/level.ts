/** Levels of events. Pure. */
import type { AgentEvent, RunLabel } from './agent-event.ts';

/** least important first */
export const levels = ['debug', 'info', 'warning', 'error'] as const;
export type Level = (typeof levels)[number];

/** Priorities of syslog(3), as sd-daemon(3) and journalctl(1) use them. */
export const priorities: Readonly<Record<Level, number>> = { debug: 7, info: 6, warning: 4, error: 3 };

export function isAtLeast(level: Level, least: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

export function highest(one: Level, other: Level): Level {
  return isAtLeast(one, other) ? one : other;
}

/** Level of a line of the journal that has another form. */
export function levelOfPriority(priority: number): Level {
  return levels.find((level) => priority >= priorities[level]) ?? 'error';
}

/**
 * error: the agent cannot do its work; warning: traffic is blocked, leaves by another way, or something has broken; info: a
 * change; debug: what it does at all times, and what another event says with its result.
 */
export function levelOf(event: AgentEvent): Level {
  switch (event.kind) {
    case 'failure':
      return 'error';
    case 'routes':
    case 'program':
      return 'warning';
    case 'read':
    // The repair, or its failure, says what the difference was.
    case 'drift':
    // Failures, reports and outages say each reason.
    case 'state':
      return 'debug';
    case 'started':
    case 'stopped':
    case 'repair':
    case 'recovery':
    case 'rest':
      return 'info';
    case 'file':
      return event.problem === undefined ? 'info' : 'warning';
    case 'member':
      return event.state === 'down' && !event.drained ? 'warning' : 'info';
    case 'failover':
      return isPlanned(event.causes) ? 'info' : 'warning';
    case 'outage':
      return event.why === undefined ? 'info' : 'warning';
    case 'report':
      return event.over ? 'info' : 'warning';
    case 'flow-log':
    case 'api':
    case 'log':
      return event.well ? 'info' : 'warning';
    case 'run':
      return event.label === undefined ? 'debug' : levelOfLabel[event.label];
  }
}

/** Nothing has failed: a member was drained, works again, or has left the file. */
function isPlanned(causes: Extract<AgentEvent, { kind: 'failover' }>['causes']): boolean {
  const { link = 0, refused = 0, probes = 0 } = causes;
  return link + refused + probes === 0;
}

const levelOfLabel: Readonly<Record<RunLabel, Level>> = {
  note: 'info',
  undone: 'warning',
  warning: 'warning',
  error: 'error',
};
