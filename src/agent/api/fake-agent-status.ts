/** A state of the agent that tests begin with. */
import { firstState } from '../agent-state.ts';
import type { GatewayHealth } from '../members/member-status.ts';
import { noFailovers } from '../members/failovers.ts';
import type { AgentStatus } from '../socket.ts';

export const officeHealth: GatewayHealth = {
  gateway: 'office',
  family: 4,
  used: 'gw1',
  failovers: noFailovers,
  members: [
    { host: 'gw1', state: 'up' },
    { host: 'gw2', state: 'up' },
  ],
};

export const agentStatus: AgentStatus = {
  ...firstState,
  attempts: 5,
  reads: 4,
  id: '00000000-0000-4000-8000-000000000000',
  pid: 4711,
  since: '2026-11-30T12:00:00.000Z',
  file: '/etc/mustredirect/mustredirect.yaml',
  host: 'node1',
  files: { wanted: 'aa', inForce: 'aa' },
  monitors: [],
  members: [officeHealth],
  failedProbers: [],
  flowLogs: [],
};
