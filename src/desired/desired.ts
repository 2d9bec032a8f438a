/** The state that a host should have: the file's part for it, worked out with what the host told us. */
import type { Spec } from '../spec/spec.ts';
import type { HostRole } from '../topology/role.ts';
import type { Facts } from '../state/facts.ts';
import type { Flows } from '../state/ledger.ts';
import { forwardingName, settingsOf } from '../state/settings.ts';
import { dockerUserRules, withoutDockerUser } from './docker-user.ts';
import { type EngineWishes, releaseNetwork, wantNetwork } from './engine-networks.ts';
import { closedPart, memberPart } from './member.ts';
import { nftChains } from './nft-chains.ts';
import { nftSets } from './nft-sets.ts';
import { bridgeOf, nodePart } from './node.ts';
import { type Numbers, chooseNumbers } from './numbers.ts';
import type { Part, Refusal, Wanted, Warning } from './parts.ts';
import { preferenceRefusals } from './preferences.ts';
import { questionChains } from './questions.ts';
import { sourcePolicies } from './source-policies.ts';
import { steeringRules } from './steering.ts';
import { hostWarnings } from './warnings/warnings.ts';

export interface Desired {
  readonly wanted: readonly Wanted[];
  /** table and mark of each gateway, to be kept */
  readonly numbers: Numbers;
  /** network name -> bridge, to be kept */
  readonly bridges: Readonly<Record<string, string>>;
  /** what is to be done later, and why */
  readonly waiting: readonly string[];
  /** flows that an earlier run had still to forget */
  readonly pending?: readonly Flows[];
  /** what will hurt, and keeps nothing from being done */
  readonly warnings: readonly Warning[];
  /** reasons not to begin at all */
  readonly refusals: readonly Refusal[];
}

const forwarding = forwardingName[4];

export function desiredState(role: HostRole, gateways: Spec['gateways'], found: Facts): Desired {
  const facts = withoutDockerUser(found);
  const refusals: Refusal[] = [];
  const numbers = chooseNumbers(role, gateways, facts, refusals);
  const parts = [
    ...role.networks.map((network) => nodePart(network, facts, numbers, refusals)),
    ...role.gateways.map((gateway) => memberPart(gateway, facts, numbers, refusals)),
    closedPart(role.others ?? []),
    // A gateway that no network goes by has nothing to do, and its sets would be empty.
  ].filter(({ subnets }) => subnets.length > 0);
  if (parts.length > 0) refusals.push(...preferenceRefusals(facts.foreignRules));
  const engines = engineWishes(role, facts);
  // Containers still need what they found: it is given back when the last network of ours can go.
  const stays =
    parts.length === 0 &&
    (Object.keys(facts.silentEngines ?? {}).length > 0 ||
      engines.some(({ wanted }) => wanted.some(isNetwork)));
  return {
    wanted: [
      ...datapath(role, parts, numbers, facts),
      ...(stays
        ? []
        : sysctlsOf(
            parts.filter((part) => part.steer),
            facts,
          )),
      ...engines.flatMap(({ wanted }) => wanted),
      ...dockerUserRules(role, facts),
    ],
    numbers,
    bridges: bridgesOf(role, facts),
    waiting: [
      ...engines.flatMap(({ waiting }) => waiting),
      ...(stays && facts.ledger.sysctls[forwarding] === '0' && facts.sysctls[forwarding] === '1'
        ? [`sysctl ${forwarding} = 1 stays with it, until destroy can take the network away`]
        : []),
    ],
    ...(facts.ledger.forget ? { pending: facts.ledger.forget } : {}),
    warnings: hostWarnings(role, facts),
    refusals: [...refusals, ...engines.flatMap((engine) => engine.refusals)],
  };
}

/** All but settings that are shared with others. */
function datapath({ networks }: HostRole, parts: readonly Part[], numbers: Numbers, facts: Facts): Wanted[] {
  return [
    ...nftSets(parts),
    ...(parts.length > 0 ? nftChains(parts, numbers) : []),
    ...sourcePolicies(parts, numbers.seenBit ?? 0, facts),
    ...steeringRules(parts, numbers.directBit ?? 0),
    ...routesOf(parts),
    ...questionChains(networks, facts),
  ];
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

function bridgesOf({ networks }: HostRole, facts: Facts): Record<string, string> {
  return Object.fromEntries(
    networks.flatMap((network) => {
      const { bridge } = bridgeOf(network, facts);
      return bridge === undefined ? [] : [[network.name, bridge] as const];
    }),
  );
}

function isNetwork({ object }: Wanted): boolean {
  return object.kind === 'engine-network';
}

function routesOf(parts: readonly Part[]): Wanted[] {
  const routes = parts.flatMap((part) => part.routes);
  const unique = new Map(routes.map(({ route, why }) => [JSON.stringify(route), { object: route, why }]));
  return [...unique.values()];
}

function sysctlsOf(parts: readonly Part[], facts: Facts): Wanted[] {
  const on: Wanted = {
    object: { kind: 'sysctl', name: forwarding, value: '1' },
    why: 'packets between containers and the outside are forwarded',
  };
  if (parts.length > 0) return [on];
  const { [forwarding]: value, ...kept } = settingsOf(4, facts.ledger.sysctls);
  if (value === undefined) return [];
  const { [forwarding]: _, ...current } = settingsOf(4, facts.sysctls);
  const alongside = { ...current, ...stillThere(kept, facts.links) };
  return [{ object: { kind: 'sysctl', name: forwarding, value, alongside }, why: 'as it was before' }];
}

/** A device that is gone has no setting any more. */
function stillThere(
  settings: Readonly<Record<string, string>>,
  links: Facts['links'],
): Record<string, string> {
  const devices = new Set(['default', ...links.map(({ name }) => name)]);
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => {
      const device = /^net\/ipv[46]\/conf\/([^/]+)\//.exec(name)?.[1];
      return device === undefined || devices.has(device);
    }),
  );
}
