/** The state that a host should have: the file's part for it, worked out with what the host told us. */
import { type Family, families, familyOf } from '../address/cidr.ts';
import type { Spec } from '../spec/spec.ts';
import type { HostRole } from '../topology/role.ts';
import { isAlike } from '../state/alike.ts';
import type { Facts, ForeignFacts } from '../state/facts.ts';
import type { Flows } from '../state/ledger.ts';
import { besideOf, bridgeOf } from './bridge.ts';
import { dockerUserRules, withoutDockerUser } from './docker-user.ts';
import { type EngineWishes, releaseNetwork, wantNetwork } from './engine-networks.ts';
import { memberPart, uplinkRefusals } from './member.ts';
import { nftChains } from './nft-chains.ts';
import { nftSets } from './nft-sets.ts';
import { forwardingOf, keptForwarding } from './forwarding.ts';
import { nodePart } from './node.ts';
import { type Numbers, chooseNumbers } from './numbers.ts';
import { type Part, type Refusal, type Wanted, type Warning, closedPart } from './parts.ts';
import { preferenceRefusals } from './preferences.ts';
import { questionChains } from './questions.ts';
import { sourcePolicies } from './source-policies.ts';
import { steeredByMark } from './steering-kind.ts';
import { closedSubnets, steeringRules } from './steering.ts';
import { validMarks } from './valid-marks.ts';
import { otherHost } from './warnings/other-host.ts';
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

export function desiredState(role: HostRole, gateways: Spec['gateways'], found: ForeignFacts): Desired {
  const facts = withoutDockerUser({ ...found, owned: [] });
  const refusals: Refusal[] = [];
  const numbers = chooseNumbers(role, gateways, facts, refusals);
  const parts = partsOf(role, facts, numbers, refusals);
  refusals.push(...preferenceRefusals(parts, facts.foreignRules));
  const engines = engineWishes(role, facts);
  // Containers still need what they found: it is given back when the last network of ours can go.
  const stays =
    parts.length === 0 &&
    (Object.keys(facts.silentEngines ?? {}).length > 0 ||
      engines.some(({ wanted }) => wanted.some(isNetwork)));
  const forwarding = forwardingOf(parts, facts);
  return {
    wanted: [
      ...datapath(role, parts, numbers, facts),
      ...(stays ? [] : forwarding.wanted),
      ...engines.flatMap(({ wanted }) => wanted),
      ...dockerUserRules(role, facts),
    ],
    numbers,
    bridges: bridgesOf(role, facts),
    waiting: [...engines.flatMap(({ waiting }) => waiting), ...(stays ? keptForwarding(facts) : [])],
    ...pendingOf(facts),
    warnings: [...otherHost(role, facts), ...hostWarnings(role, facts)],
    refusals: [...refusals, ...forwarding.refusals, ...engines.flatMap((engine) => engine.refusals)],
  };
}

/**
 * The same for facts that may be the same again, when it need not be worked out anew. The flows that are left to forget only
 * go along.
 */
export function desiredAgain(
  known: { readonly facts: Facts; readonly desired: Desired },
  facts: ForeignFacts,
): Desired | undefined {
  if (!isAlike(asked(known.facts), asked({ ...facts, owned: [] }))) return undefined;
  const { pending: _, ...desired } = known.desired;
  return { ...desired, ...pendingOf(facts) };
}

function asked(facts: Facts): object {
  const { owned: _, ledger, ...asks } = facts;
  const { forget: __, ...kept } = ledger;
  return { ...asks, kept };
}

function pendingOf({ ledger: { forget } }: ForeignFacts): Pick<Desired, 'pending'> {
  return forget ? { pending: forget } : {};
}

function partsOf(role: HostRole, facts: Facts, numbers: Numbers, refusals: Refusal[]): Part[] {
  refusals.push(...role.gateways.flatMap((gateway) => uplinkRefusals(gateway, facts)));
  return (
    families
      .flatMap((family) => [
        ...role.networks.map((network) => nodePart(network, family, facts, numbers, refusals)),
        ...role.gateways.map((gateway) => memberPart(gateway, family, facts, numbers, refusals)),
        closedPart(
          'networks of other gateways',
          family,
          (role.others ?? []).filter((subnet) => familyOf(subnet) === family),
        ),
      ])
      // A gateway that no network goes by has nothing to do, and its sets would be empty.
      .filter(({ subnets }) => subnets.length > 0)
  );
}

/** All but settings that are shared with others. */
function datapath({ networks }: HostRole, parts: readonly Part[], numbers: Numbers, facts: Facts): Wanted[] {
  const byMark = steeredByMark(parts, facts, numbers);
  const marked = parts.filter(({ family }) => byMark.has(family));
  return [
    ...nftSets(parts, byMark),
    ...(parts.length > 0 ? nftChains(parts, numbers, byMark) : []),
    ...sourcePolicies(parts, numbers.seenBit ?? 0, byMark, facts),
    ...steeringRules(parts, numbers, byMark),
    ...routesOf(parts),
    ...closedSubnets(marked),
    ...validMarks(marked, facts),
    ...questionChains(networks, parts, facts),
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
      const bridge = bridgeOf(network, facts);
      const isAlone = (family: Family): boolean =>
        besideOf(network, bridge ?? '', family, facts).length === 0;
      // At boot nobody could tell who else is on it.
      return bridge === undefined || !families.every(isAlone) ? [] : [[network.name, bridge] as const];
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
