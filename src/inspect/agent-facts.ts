/** Facts about the agent of this host, for what of the file depends on it: read only where something does. */
import type { Exec } from '../host/ports.ts';
import { ifInstalled } from '../host/process/missing-program.ts';
import type { Facts } from '../state/facts.ts';
import type { HostRole } from '../topology/role.ts';

type AgentFacts = Pick<Facts, 'agent' | 'socatMissing'>;

interface OfAgent {
  readonly host: { readonly exec: Exec };
  readonly role: Pick<HostRole, 'gateways' | 'networks'>;
  /** only blocking objects are wanted */
  readonly closed?: true;
  /** id of the agent that runs on this host, if one does */
  readonly runningAgent?: () => Promise<string | undefined>;
}

/** Networks that leave directly while their gateway is down, and flow logs, depend on the agent. */
export async function readAgentFacts({ host, role, closed, runningAgent }: OfAgent): Promise<AgentFacts> {
  const isLogged = role.gateways.some(({ flowLog }) => flowLog);
  const leavesDirectly = role.networks.some(({ whenDown }) => whenDown === 'direct');
  if (closed || (!isLogged && !leavesDirectly)) return {};
  const [agent, socat] = await Promise.all([
    runningAgent?.(),
    isLogged ? ifInstalled(host.exec.run(['socat', '-V'])) : 'not needed',
  ]);
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(socat === undefined ? { socatMissing: true } : {}),
  };
}
