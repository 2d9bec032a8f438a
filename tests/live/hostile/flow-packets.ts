/** Packets that try to join flows of others, or that form a flow to get out. */
import { etherTypes, frame, ipPacket } from './ip.ts';
import type { LinkAddresses, Recipe } from './packets.ts';
import { type Place, allowedPlaces } from './places.ts';
import { type Ends, type Protocol, protocols } from './protocols.ts';
import { type Role, type Scene, published } from './scene.ts';

/** UDP source ports of the flows that the world keeps open to port 80 of the outside host. */
export const flowPorts = { post: 5556, plain: 5557 } as const;

interface Step {
  readonly source: Role;
  readonly destination: Role;
  readonly sourcePort: number;
  readonly port: number;
  readonly protocol: Protocol;
}

interface Flow {
  readonly name: string;
  readonly source: Role;
  readonly allowed: readonly Place[];
  readonly steps: readonly Step[];
}

const injections: readonly Flow[] = (['post', 'plain'] as const).flatMap((role) => {
  const port = flowPorts[role];
  const [out, back] = [
    { source: role, destination: 'outside', sourcePort: port, port: 80, protocol: 'UDP' },
    {
      source: 'outside',
      // The outside replies to the source that it saw: the node's address after masquerade.
      destination: role === 'plain' ? 'node' : role,
      sourcePort: 80,
      port,
      protocol: 'UDP',
    },
  ] as const;
  return [
    { name: `into the flow of ${role}, outwards`, source: role, allowed: [], steps: [out] },
    { name: `into the flow of ${role}, backwards`, source: 'outside', allowed: [], steps: [back] },
  ];
});

/**
 * Flows that begin with a request from a forged outside client to the container's own port, and the container's reply.
 */
const channels: readonly Flow[] = (
  [
    ['SYN', 'SYN-ACK'],
    ['SYN', 'ACK'],
    ['UDP', 'UDP'],
  ] as const
).flatMap(([call, answer], index) =>
  (['outside', 'isp only', 'neighbour'] as const).map((caller, column): Flow => {
    const callerPort = 6000 + 10 * index + column;
    const callStep = {
      source: caller,
      destination: 'node',
      sourcePort: callerPort,
      port: published.evil,
    } as const;
    const answerStep = { source: 'own', destination: caller, sourcePort: 80, port: callerPort } as const;
    return {
      name: `${caller} made up as a caller by ${call}, and answered by ${answer}`,
      source: caller,
      allowed: allowedPlaces('own', caller),
      steps: [
        { ...callStep, protocol: call },
        { ...answerStep, protocol: answer },
      ],
    };
  }),
);

export function flowPackets(scene: Scene, macs: LinkAddresses): readonly Recipe[] {
  return [...injections, ...channels].map(({ name, source, allowed, steps }) => ({
    name,
    source,
    allowed,
    frames: (id) => steps.map((step) => frameOf(scene, macs, step, id)),
  }));
}

function frameOf({ family, addresses }: Scene, macs: LinkAddresses, step: Step, id: number): Buffer {
  const [source, destination] = [addresses[step.source], addresses[step.destination]];
  const { sourcePort, port } = step;
  const ends: Ends = {
    family,
    source,
    destination,
    sourcePort,
    port,
    id,
    other: addresses.plain,
    own: addresses.own,
  };
  const { protocol, bytes } = protocols[step.protocol](ends);
  const options = { source, destination, protocol, payload: bytes, label: id };
  return frame({ from: macs.own, to: macs.bridge }, etherTypes[family], ipPacket(family, options));
}
