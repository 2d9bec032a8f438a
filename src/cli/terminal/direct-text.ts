/** Texts about networks that leave past their gateway, for `status`. */
import type { AgentStatus } from '../../agent/socket.ts';
import type { DirectStatus, TrafficStatus } from '../../explain/status.ts';
import type { Terminal } from './terminal.ts';

export function leavingOf(
  networks: readonly TrafficStatus[],
): (DirectStatus & { readonly network: string })[] {
  return networks.flatMap(({ network, leavesDirectly = [] }) =>
    leavesDirectly.map((one) => ({ network, ...one })),
  );
}

interface Shown {
  readonly networks: readonly TrafficStatus[];
  /** absent: no agent runs */
  readonly agent?: AgentStatus | 'silent' | undefined;
}

/** Networks that leave directly, and those that would if the agent ran. */
export function directLines({ networks, agent }: Shown, terminal: Terminal): string[] {
  const needing = agent === undefined ? networks.filter(({ whenDown }) => whenDown === 'direct') : [];
  return [
    ...leavingOf(networks).map(
      ({ network, family, since, why }) =>
        `${terminal.paint('red', 'directly:')} network ${network}, IPv${family}, since ${since}: ${why}`,
    ),
    ...needing.map(
      ({ network }) =>
        `${terminal.paint('yellow', 'agent:')} does not run, and \`when_down: direct\` of network ${network} needs it: the network stays as it is`,
    ),
  ];
}
