import { expect, it } from 'vitest';
import { whyUnlogged } from './unlogged.ts';

const log = { gateway: 'office', folder: '/x', flows: 7, dropped: 0, unwritten: 0, bytes: 0 };

it.each([
  [undefined, 'no agent runs'],
  ['silent' as const, 'the agent does not answer'],
  [{ flowLogs: [] }, 'the agent does not log this gateway'],
  [{ flowLogs: [{ ...log, gateway: 'branch' }] }, 'the agent does not log this gateway'],
  [{ flowLogs: [{ ...log, problem: 'ENOSPC' }] }, 'the agent logs nothing now: ENOSPC'],
  [{ flowLogs: [log] }, undefined],
])('with the agent %j, flows are not logged since: %s', (agent, why) => {
  expect(whyUnlogged(agent, 'office')).toBe(why);
});
