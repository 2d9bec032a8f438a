/** The state that a host should have: the file's part for it, worked out with what the host told us. */
import { type Family, families, familyOf } from '../address/cidr.ts';
import type { Spec } from '../spec/spec.ts';
import type { HostRole } from '../topology/role.ts';
import { forwardingName } from '../state/settings.ts';
import { isAlike } from '../kinds/alike.ts';
import type { Facts, ForeignFacts } from '../state/facts.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import { bridgeOf, publishedSubnets } from './engines/bridge.ts';
import { explainClosed } from './checks/closed-reasons.ts';
import { bridgeRefusals } from './checks/bridge-refusals.ts';
import { dockerUserRules, withoutDockerUser } from './engines/docker-user.ts';
import { type EngineWishes, releaseNetwork, wantNetwork } from './engines/networks.ts';
import { type NetworkState, networkStates } from './engines/obstacles.ts';
import { memberRedirects } from './roles/member.ts';
import { nftChains } from './nft/chains.ts';
import { nftSets } from './nft/sets.ts';
import { forwardingOf, keptForwarding } from './routing/forwarding.ts';
import type { RoleContext, RoleResult } from './roles/role.ts';
import { nodeRedirect } from './roles/node.ts';
import { type Numbers, chooseNumbers } from './allocate/numbers.ts';
import { othersOnBridge } from './engines/own-subnets.ts';
import {
  type NotReady,
  type Redirect,
  type Refusal,
  type DesiredObject,
  type Warning,
  closedRedirect,
} from './redirect.ts';
import { preferenceRefusals } from './checks/foreign-preferences.ts';
import { questionChains } from './nft/dns-redirect.ts';
import { sourcePolicies } from './routing/source-policies.ts';
import { steeredByMark } from './routing/steering-kind.ts';
import { closedSubnets, steeringRules } from './routing/steering.ts';
import { validMarks } from './routing/valid-marks.ts';
import { otherHost } from './checks/warnings/other-host.ts';
import { hostWarnings } from './checks/warnings/warnings.ts';

export interface Desired {
  readonly wanted: readonly DesiredObject[];
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
  /** what is closed until it is as the file says, while everything else is applied */
  readonly notReady: readonly NotReady[];
  /** reasons not to begin at all */
  readonly refusals: readonly Refusal[];
}

/** @param closing only what closes is asked for, and all is taken for ready: no interface and no engine need be there yet */
export function desiredState(
  role: HostRole,
  gateways: Spec['gateways'],
  found: ForeignFacts,
  closing = false,
): Desired {
  const facts = withoutDockerUser({ ...found, owned: [] });
  const { numbers, refusals } = chooseNumbers(role, gateways, facts);
  const states = networkStates(role.networks, facts, closing);
  const results = roleResults(role, states, { facts, numbers, closing });
  // A gateway that no network goes by has nothing to do, and its sets would be empty.
  const redirects = results.flatMap((result) => result.redirects).filter(({ subnets }) => subnets.length > 0);
  const engines = engineWishes(role, states, facts);
  const stays = redirects.length === 0 && networksStay(engines, facts);
  const forwarding = forwardingOf(redirects, facts);
  return {
    wanted: [
      ...explainClosed(datapath(role, redirects, numbers, facts), redirects),
      ...(stays ? [] : forwarding.wanted),
      ...engines.flatMap(({ wanted }) => wanted),
      ...dockerUserRules(role, facts),
    ],
    numbers,
    bridges: bridgesOf(states, facts),
    waiting: [...engines.flatMap(({ waiting }) => waiting), ...(stays ? keptForwarding(facts) : [])],
    ...pendingOf(facts),
    warnings: [...otherHost(role, facts), ...hostWarnings(role, facts)],
    notReady: eachOnce([
      ...states.flatMap(({ obstacles }) => obstacles),
      ...results.flatMap((result) => result.notReady),
    ]),
    refusals: [
      ...refusals,
      ...results.flatMap((result) => result.refusals),
      ...preferenceRefusals(redirects, facts.foreignRules),
      ...role.networks.flatMap((network) => bridgeRefusals(network, facts)),
      ...forwarding.refusals,
    ],
  };
}

/** Whether containers may still need the forwarding that they found: it is given back when the last network of ours can go. */
function networksStay(engines: readonly EngineWishes[], { silentEngines = {} }: Facts): boolean {
  return Object.keys(silentEngines).length > 0 || engines.some(({ wanted }) => wanted.some(isNetwork));
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

function roleResults(
  role: HostRole,
  states: readonly NetworkState[],
  context: RoleContext,
): readonly RoleResult[] {
  return families.flatMap((family) => [
    ...states.map((state) => nodeRedirect(state, family, context)),
    ...role.gateways.map((gateway) => memberRedirects(gateway, family, context)),
    { redirects: [closedElsewhere(role, family)], refusals: [], notReady: [] },
  ]);
}

/** Subnets that go by other gateways: none of them may leave from here. */
function closedElsewhere({ others = [] }: HostRole, family: Family): Redirect {
  return closedRedirect(
    'networks of other gateways',
    family,
    others.filter((subnet) => familyOf(subnet) === family),
  );
}

/** All but settings that are shared with others. */
function datapath(
  { networks }: HostRole,
  redirects: readonly Redirect[],
  numbers: Numbers,
  facts: Facts,
): DesiredObject[] {
  const byMark = steeredByMark(redirects, facts, numbers);
  const marked = redirects.filter(({ family }) => byMark.has(family));
  const published = publishedSubnets(redirects, facts);
  return [
    ...nftSets(redirects, byMark, published),
    ...(redirects.length > 0 ? nftChains(redirects, numbers, byMark, published) : []),
    ...sourcePolicies(redirects, numbers.checkedBit ?? 0, byMark, facts),
    ...steeringRules(
      redirects,
      numbers,
      byMark,
      families.filter((family) => forwardingName[family] in facts.sysctls),
    ),
    ...routesOf(redirects),
    ...closedSubnets(marked),
    ...validMarks(marked, facts),
    ...questionChains(networks, redirects, facts),
  ];
}

function engineWishes(role: HostRole, states: readonly NetworkState[], facts: Facts): EngineWishes[] {
  const gone = facts.ledger.networks.filter(
    (kept) => !role.networks.some(({ engine, name }) => engine === kept.engine && name === kept.name),
  );
  return [
    ...states.map((state) => wantNetwork(state, facts)),
    ...gone.map((kept) => releaseNetwork(kept, facts)),
  ];
}

function bridgesOf(states: readonly NetworkState[], facts: Facts): Record<string, string> {
  return Object.fromEntries(
    states.flatMap((state) => {
      const { network } = state;
      const bridge = bridgeOf(network, facts);
      const isAlone = (family: Family): boolean =>
        othersOnBridge(state, bridge ?? '', family, facts).length === 0;
      // At boot nobody could tell who else is on it.
      return bridge === undefined || !families.every(isAlone) ? [] : [[network.name, bridge] as const];
    }),
  );
}

/** A gateway that several networks, or both families, go by is told of once. */
function eachOnce(found: readonly NotReady[]): NotReady[] {
  return [...new Map(found.map((one) => [`${one.what} ${one.family ?? ''} ${one.message}`, one])).values()];
}

function isNetwork({ object }: DesiredObject): boolean {
  return object.kind === 'engine-network';
}

function routesOf(redirects: readonly Redirect[]): DesiredObject[] {
  const routes = redirects.flatMap((redirect) => redirect.routes);
  const unique = new Map(routes.map(({ route, why }) => [JSON.stringify(route), { object: route, why }]));
  return [...unique.values()];
}
