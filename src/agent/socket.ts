/** Asks the agent for its state, over its unix socket: `GET /status`. */
import { get } from 'node:http';
import type { AgentState } from './agent-state.ts';
import type { FlowLogStatus } from './flow-log/gateway-log.ts';
import type { FileHashes } from './look.ts';
import type { GatewayHealth } from './members/member-status.ts';
import type { MonitorState } from './monitor.ts';

export interface AgentStatus extends AgentState {
  readonly id: string;
  readonly pid: number;
  /** when it was started, ISO 8601 */
  readonly since: string;
  readonly file: string;
  readonly host: string;
  /** absent: nothing was read yet */
  readonly files?: FileHashes;
  readonly monitors: readonly MonitorState[];
  /** members of gateways that this node chooses among */
  readonly members: readonly GatewayHealth[];
  /** programs that probe members, and do not run */
  readonly failedProbers: readonly MonitorState[];
  /** of gateways of this member with `log: flows` */
  readonly flowLogs: readonly FlowLogStatus[];
}

/** Id of the running agent; undefined when none answers. */
export async function runningAgent(path: string): Promise<string | undefined> {
  const agent = await askAgent(path);
  return typeof agent === 'object' ? agent.id : undefined;
}

/** milliseconds */
const answerTimeout = 1000;

/** The state of the agent of this network namespace; undefined when none runs, `silent` when it does not answer. */
export async function askAgent(path: string): Promise<AgentStatus | 'silent' | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath: path, path: '/status', timeout: answerTimeout }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        try {
          resolve(JSON.parse(text) as AgentStatus);
        } catch {
          resolve('silent');
        }
      });
    });
    request.on('timeout', () => {
      resolve('silent');
      request.destroy();
    });
    request.on('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code === 'ENOENT' || code === 'ECONNREFUSED' ? undefined : 'silent');
    });
  });
}
