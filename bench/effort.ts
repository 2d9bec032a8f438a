/** How much a run measures. */
export interface Effort {
  readonly rounds: number;
  /** of parts with many labs */
  readonly scaleRounds: number;
  readonly applyRounds: number;
  readonly startRounds: number;
  /** of each burst of TCP, for iperf3 */
  readonly tcp: string;
  /** of each burst of small packets */
  readonly seconds: number;
  readonly pings: number;
  /** of parts with many labs, some of which are slow */
  readonly scalePings: number;
  readonly gatewaySizes: readonly number[];
  readonly nodeSizes: readonly number[];
  readonly steeringSizes: readonly number[];
  /** how many of the pieces of a datapath are tried */
  readonly pieces: number;
  readonly applySizes: readonly number[];
  readonly agentNetworks: number;
  /** of the agent with many networks */
  readonly largeNetworks: number;
  /** of each kind of drift */
  readonly agentRounds: number;
  /** of each kind of failure */
  readonly failoverRounds: number;
  /** for which the agent is left alone */
  readonly idleSeconds: number;
  /** for which links come and go */
  readonly eventSeconds: number;
  /** that announce their subnets to one member */
  readonly routingNodes: number;
  readonly routingRounds: number;
}

export const full: Effort = {
  rounds: 9,
  scaleRounds: 5,
  applyRounds: 3,
  startRounds: 9,
  tcp: '384M',
  seconds: 0.2,
  pings: 10_000,
  scalePings: 2000,
  gatewaySizes: [1, 100, 1000, 10_000],
  nodeSizes: [1, 16, 100, 1000],
  steeringSizes: [1, 2, 4, 8, 16, 32, 64],
  pieces: 100,
  applySizes: [1, 100, 1000, 10_000],
  agentNetworks: 100,
  largeNetworks: 10_000,
  agentRounds: 20,
  failoverRounds: 20,
  idleSeconds: 120,
  eventSeconds: 10,
  routingNodes: 1000,
  routingRounds: 3,
};

/** Enough to see that every part gives its figures. They say nothing about speed. */
export const quick: Effort = {
  rounds: 1,
  scaleRounds: 1,
  applyRounds: 1,
  startRounds: 1,
  tcp: '16M',
  seconds: 0.03,
  pings: 100,
  scalePings: 100,
  gatewaySizes: [1, 20],
  nodeSizes: [1, 20],
  steeringSizes: [2],
  pieces: 2,
  applySizes: [1, 20],
  agentNetworks: 20,
  largeNetworks: 50,
  agentRounds: 1,
  failoverRounds: 1,
  idleSeconds: 2,
  eventSeconds: 2,
  routingNodes: 20,
  routingRounds: 1,
};
