/** Whether flows are logged now, by the agent of this network namespace. Pure. */
import type { AgentStatus } from '../socket.ts';

/** Why flows of a gateway are not logged now; undefined: they are. */
export function whyUnlogged(
  agent: Pick<AgentStatus, 'flowLogs'> | 'silent' | undefined,
  gateway: string,
): string | undefined {
  if (agent === undefined) return 'no agent runs';
  if (agent === 'silent') return 'the agent does not answer';
  const log = agent.flowLogs.find((one) => one.gateway === gateway);
  if (!log) return 'the agent does not log this gateway';
  return log.problem === undefined ? undefined : `the agent logs nothing now: ${log.problem}`;
}
