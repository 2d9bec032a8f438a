/** The state that a host should have: the file's part for it, worked out with what the host told us. */
import type { Spec } from '../spec/spec.ts';
import type { HostRole } from '../topology/role.ts';
import type { Facts } from '../state/facts.ts';
import type { HostObject } from '../state/objects.ts';
import { datapath } from './datapath.ts';
import { type EngineWishes, releaseNetwork, wantNetwork } from './engine-networks.ts';
import { memberPart } from './member.ts';
import { nodePart } from './node.ts';
import { type Numbers, chooseNumbers } from './numbers.ts';
import type { Part } from './parts.ts';
import { closedSubnet } from './routes.ts';
import { steeringRules } from './steering.ts';

export interface Wanted {
  readonly object: HostObject;
  readonly why: string;
}

export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

export interface Desired {
  readonly wanted: readonly Wanted[];
  /** table and mark of each gateway, to be kept */
  readonly numbers: Numbers;
  /** what is to be done later, and why */
  readonly waiting: readonly string[];
  /** reasons not to begin at all */
  readonly refusals: readonly Refusal[];
}

const forwarding = 'net.ipv4.ip_forward';

export function desiredState(role: HostRole, gateways: Spec['gateways'], facts: Facts): Desired {
  const refusals: Refusal[] = [];
  const numbers = chooseNumbers(role, gateways, facts, refusals);
  const parts = [
    ...role.networks.map((network) => nodePart(network, facts, numbers, refusals)),
    ...role.gateways.map((gateway) => memberPart(gateway, facts, numbers, refusals)),
  ];
  const engines = engineWishes(role, facts);
  return {
    wanted: [
      ...datapath(parts, numbers.directBit ?? 0),
      ...steeringRules(parts, numbers.directBit ?? 0),
      ...routesOf(parts),
      ...sysctlsOf(parts, facts),
      ...engines.flatMap(({ wanted }) => wanted),
    ],
    numbers,
    waiting: engines.flatMap(({ waiting }) => waiting),
    refusals: [...refusals, ...engines.flatMap((engine) => engine.refusals)],
  };
}

function engineWishes(role: HostRole, facts: Facts): EngineWishes[] {
  const gone = facts.ledger.networks.filter(
    (kept) => !role.networks.some(({ engine, name }) => engine === kept.engine && name === kept.name),
  );
  return [
    ...role.networks.map((network) => wantNetwork(network, facts)),
    ...gone.map((kept) => releaseNetwork(kept, facts)),
  ];
}

function routesOf(parts: readonly Part[]): Wanted[] {
  const routes = parts.flatMap((part) => [...part.subnets.map(closedSubnet), ...part.routes]);
  const unique = new Map(routes.map(({ route, why }) => [JSON.stringify(route), { object: route, why }]));
  return [...unique.values()];
}

function sysctlsOf(parts: readonly Part[], facts: Facts): Wanted[] {
  const on: Wanted = {
    object: { kind: 'sysctl', name: forwarding, value: '1' },
    why: 'packets between containers and the outside are forwarded',
  };
  if (parts.length > 0) return [on];
  const { [forwarding]: value, ...alongside } = facts.ledger.sysctls;
  if (value === undefined) return [];
  return [{ object: { kind: 'sysctl', name: forwarding, value, alongside }, why: 'as it was before' }];
}
