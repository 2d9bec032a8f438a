/** Facts about the agent of this host, for what of the file depends on it: read only where something does. */
import type { Exec } from '../host/ports.ts';
import { ifInstalled } from '../host/process/missing-program.ts';
import type { Facts } from '../state/facts.ts';
import type { HostRole } from '../topology/role.ts';
import { type PartMemory, readAnew, recall } from './host-parts.ts';

type AgentFacts = Pick<Facts, 'agent' | 'socatMissing'>;

interface OfAgent {
  readonly host: { readonly exec: Exec };
  readonly role: Pick<HostRole, 'gateways' | 'networks' | 'failover'>;
  /** only blocking objects are wanted */
  readonly closed?: true;
  /** id of the agent that runs on this host, if one does */
  readonly runningAgent?: () => Promise<string | undefined>;
  /** parts of the host that were read before */
  readonly memory?: PartMemory;
}

/** Members that are probed, networks that leave directly while their gateway is down, and flow logs, depend on the agent. */
export async function readAgentFacts({
  host,
  role,
  closed,
  runningAgent,
  memory = readAnew,
}: OfAgent): Promise<AgentFacts> {
  const isLogged = role.gateways.some(({ flowLog }) => flowLog);
  const isJudged = (role.failover ?? []).length > 0;
  const leavesDirectly = role.networks.some(({ whenDown }) => whenDown === 'direct');
  if (closed || (!isLogged && !leavesDirectly && !isJudged)) return {};
  const [agent, socat] = await Promise.all([
    runningAgent?.(),
    isLogged ? recall(memory, 'socat', () => hasSocat(host.exec)) : true,
  ]);
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(socat ? {} : { socatMissing: true }),
  };
}

async function hasSocat(exec: Exec): Promise<boolean> {
  return (await ifInstalled(exec.run(['socat', '-V']))) !== undefined;
}
