/** Lines of `status` about the agent. */
import type { AgentStatus } from '../../agent/socket.ts';
import { flowLogLines } from './flow-text.ts';
import type { Terminal } from './terminal.ts';

export function agentLines(agent: AgentStatus | 'silent' | undefined, terminal: Terminal): string[] {
  if (agent === undefined) return [];
  const warn = (text: string): string => `${terminal.paint('yellow', 'agent:')} ${text}`;
  if (agent === 'silent') return [warn('has its socket open, and does not answer')];
  const { pid, since, repairs, lastRepair, failure, resting, problem, monitors, failedProbers } = agent;
  const last = lastRepair
    ? `, the last at ${lastRepair.time} in ${lastRepair.took} ms: ${lastRepair.what}`
    : '';
  return [
    `agent: process ${pid} since ${since}, ${repairs} ${repairs === 1 ? 'repair' : 'repairs'}${last}`,
    ...(resting === undefined ? [] : [warn(`does nothing: ${resting}`)]),
    ...(problem === undefined ? [] : [warn(`${problem}; what was applied last stays in force`)]),
    ...(failure === undefined ? [] : [warn(`failed ${failure.times} times in a row: ${failure.message}`)]),
    ...monitors
      .filter(({ running }) => !running)
      .map(({ what, error = 'not started yet' }) =>
        warn(`is not told of ${what}, and looks every 30 s: ${error}`),
      ),
    ...failedProbers.map(({ what, error = 'not started yet' }) => warn(`sends no ${what}: ${error}`)),
    ...flowLogLines(agent.flowLogs, terminal),
  ];
}
