/** Texts about the gateways of a member that is drained. */
import type { DrainedGateway } from '../../explain/drained-gateways.ts';
import type { Terminal } from './terminal.ts';

export interface OwnDrainStatus {
  /** ISO 8601 */
  readonly since: string;
  readonly user: string;
  readonly gateways: readonly DrainedGateway[];
}

export function ownDrainLines({ since, user, gateways }: OwnDrainStatus, terminal: Terminal): string[] {
  const label = terminal.paint('yellow', 'drained:');
  return [
    `${label} this member, since ${since}, by ${user}`,
    ...gateways.map((gateway) => `  ${drainedGatewayText(gateway)}`),
  ];
}

/** `office: node1 has been told; node2 has not asked yet` */
export function drainedGatewayText({ gateway, nodes = [], announced, stays }: DrainedGateway): string {
  if (stays !== undefined) return `${gateway}: goes on by this member: ${stays}`;
  if (announced !== undefined) {
    return `${gateway}: announced by ${announced.toUpperCase()}: nodes prefer other members`;
  }
  const texts = nodes.map(({ node, told }) => `${node} ${told ? 'has been told' : 'has not asked yet'}`);
  return `${gateway}: ${texts.length > 0 ? texts.join('; ') : 'no node uses it'}`;
}

/** Whether nothing keeps its nodes from leaving. */
export function isLeft({ nodes = [], stays }: DrainedGateway): boolean {
  return stays === undefined && nodes.every(({ told }) => told);
}
