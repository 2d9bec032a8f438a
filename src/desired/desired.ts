/** Desired state of a host, computed from its role in the file and its facts. */
import { type Family, families } from '../address/cidr.ts';
import { ofFamily } from './addresses.ts';
import type { Spec } from '../spec/spec.ts';
import type { DiscoveredNetwork } from '../topology/discovered-networks.ts';
import type { HostRole } from '../topology/role.ts';
import { withUsedMembers } from '../topology/failover-gateways.ts';
import { leavingDirectly, withVerdicts } from '../topology/verdicts.ts';
import { forwardingName } from '../state/settings.ts';
import { isAlike } from '../kinds/alike.ts';
import type { Facts, ForeignFacts } from '../state/facts.ts';
import type { NatDecisions } from '../kinds/flows/nat-decisions.ts';
import { publishedSubnets } from './engines/bridge.ts';
import { bridgesToKeep, discoveredToKeep } from './engines/to-keep.ts';
import { explainClosed } from './checks/closed-reasons.ts';
import { bridgeRefusals } from './checks/bridge-refusals.ts';
import { dockerUserRules, withoutDockerUser } from './engines/docker-user.ts';
import { type DesiredNetwork, releaseNetwork, desiredNetwork } from './engines/networks.ts';
import { type NetworkState, networkStates } from './engines/obstacles.ts';
import { memberRedirects } from './roles/member.ts';
import { nftChains } from './nft/chains.ts';
import { natDecisions } from './nft/nat-decisions.ts';
import { nftSets } from './nft/sets.ts';
import { forwardingOf, keptForwarding } from './routing/forwarding.ts';
import { type RoleContext, type RoleResult, roleContext } from './roles/role.ts';
import { nodeRedirect } from './roles/node.ts';
import { poolRedirects } from './roles/pool.ts';
import { type Numbers, chooseNumbers } from './allocate/numbers.ts';
import {
  type NotReady,
  type Redirect,
  type Refusal,
  type DesiredObject,
  type Warning,
  closedRedirect,
} from './redirect.ts';
import { labelWarnings } from './checks/usable-labels.ts';
import { preferenceRefusals } from './checks/foreign-preferences.ts';
import { dnsRedirectChains } from './nft/dns-redirect.ts';
import { drainedAnswers } from './nft/drained.ts';
import { openingObjects } from './opening.ts';
import { routesOf } from './routing/routes.ts';
import { sourcePolicies } from './routing/source-policies.ts';
import { steeredFamilies } from './routing/steering-kind.ts';
import { closedSubnets, steeringRules } from './routing/steering.ts';
import { withTunnels } from './routing/tunnels.ts';
import { validMarks } from './routing/valid-marks.ts';
import { otherHost } from './checks/warnings/other-host.ts';
import { hostWarnings } from './checks/warnings/warnings.ts';

export interface Desired {
  readonly wanted: readonly DesiredObject[];
  /** table and mark of each gateway, to keep in the ledger */
  readonly numbers: Numbers;
  /** network name -> bridge, to keep in the ledger */
  readonly bridges: Readonly<Record<string, string>>;
  /** networks that their labels redirect, to keep in the ledger */
  readonly discovered: readonly DiscoveredNetwork[];
  /** network name -> families in which it leaves directly, and why */
  readonly leavesDirectly: ReturnType<typeof leavingDirectly>;
  /** changes that have to wait, and why */
  readonly waiting: readonly string[];
  /** NAT decisions of this state, to compare with the next run's */
  readonly nat: NatDecisions;
  readonly warnings: readonly Warning[];
  readonly notReady: readonly NotReady[];
  readonly refusals: readonly Refusal[];
}

/** @param closing only blocking objects, with everything ready: interfaces and engines need not exist yet */
export function desiredState(
  role: HostRole,
  gateways: Spec['gateways'],
  found: ForeignFacts,
  closing = false,
): Desired {
  const judged = closing ? withUsedMembers(role, found.verdicts) : withVerdicts(role, found);
  return {
    ...desiredOf(judged, gateways, found, closing),
    discovered: discoveredToKeep(judged),
    leavesDirectly: leavingDirectly(judged),
  };
}

function desiredOf(
  role: HostRole,
  gateways: Spec['gateways'],
  found: ForeignFacts,
  closing: boolean,
): Omit<Desired, 'discovered' | 'leavesDirectly'> {
  const facts = withTunnels(role, withoutDockerUser({ ...found, owned: [] }));
  const { numbers, refusals } = chooseNumbers(role, gateways, facts);
  const states = networkStates(role.networks, facts, closing);
  const context = roleContext(role, facts, numbers, closing);
  const results = roleResults(role, states, context);
  // A gateway that no network uses would have empty sets.
  const redirects = results.flatMap((result) => result.redirects).filter(({ subnets }) => subnets.length > 0);
  const engines = desiredNetworks(role, states, facts);
  const stays = redirects.length === 0 && networksStay(engines, facts);
  const forwarding = forwardingOf(redirects, facts);
  return {
    wanted: [
      ...openingObjects(role, context),
      ...explainClosed(datapath(role, redirects, numbers, facts), redirects),
      ...(stays ? [] : forwarding.wanted),
      ...engines.flatMap(({ wanted }) => wanted),
      ...dockerUserRules(role, facts),
    ],
    numbers,
    bridges: bridgesToKeep(states, facts),
    waiting: [...engines.flatMap(({ waiting }) => waiting), ...(stays ? keptForwarding(facts) : [])],
    nat: natDecisions(redirects, numbers.bypassBit ?? 0),
    warnings: [...otherHost(role, facts), ...hostWarnings(role, facts), ...labelWarnings(role)],
    notReady: withoutDuplicates([
      ...states.flatMap(({ obstacles }) => obstacles),
      ...results.flatMap((result) => result.notReady),
    ]),
    refusals: [
      ...refusals,
      ...results.flatMap((result) => result.refusals),
      ...hostRefusals(role, redirects, facts),
      ...forwarding.refusals,
    ],
  };
}

/** Numbers and names that other programs on this host already have. */
function hostRefusals({ networks }: HostRole, redirects: readonly Redirect[], facts: Facts): Refusal[] {
  return [
    ...preferenceRefusals(redirects, facts.foreignRules),
    ...networks.flatMap((network) => bridgeRefusals(network, facts)),
  ];
}

/** The original value of forwarding is restored when our last network can be removed: containers may still need it. */
function networksStay(engines: readonly DesiredNetwork[], { unreadEngines = {} }: Facts): boolean {
  const objects = engines.flatMap(({ wanted }) => wanted.map(({ object }) => object));
  return Object.keys(unreadEngines).length > 0 || objects.some(({ kind }) => kind === 'engine-network');
}

/** The earlier result, if the facts that it depends on are unchanged. */
export function reuseDesired(
  known: { readonly facts: Facts; readonly desired: Desired },
  facts: ForeignFacts,
): Desired | undefined {
  return isAlike(inputsOf(known.facts), inputsOf({ ...facts, owned: [] })) ? known.desired : undefined;
}

function inputsOf(facts: Facts): object {
  const { owned: _, ledger, ...rest } = facts;
  const { forget: __, nat: ___, ...kept } = ledger;
  return { ...rest, kept };
}

function roleResults(
  role: HostRole,
  states: readonly NetworkState[],
  context: RoleContext,
): readonly RoleResult[] {
  return families.flatMap((family) => {
    const networks = states.map((state) => nodeRedirect(state, family, context));
    const redirects = networks.flatMap((one) => one.redirects);
    return [
      ...networks,
      poolRedirects(role, family, redirects, context.facts),
      ...othersOf(role, family, context),
    ];
  });
}

function othersOf(role: HostRole, family: Family, context: RoleContext): RoleResult[] {
  return [
    ...role.gateways.map((gateway) => memberRedirects(gateway, family, context)),
    { redirects: [otherGatewaysRedirect(role, family)], refusals: [], notReady: [] },
  ];
}

/** Subnets of other gateways must not leave from this host. */
function otherGatewaysRedirect({ unservedSubnets = [] }: HostRole, family: Family): Redirect {
  return closedRedirect('networks of other gateways', family, ofFamily(unservedSubnets, family));
}

/** All objects except settings that other programs share. */
function datapath(
  role: HostRole,
  redirects: readonly Redirect[],
  numbers: Numbers,
  facts: Facts,
): DesiredObject[] {
  const groups = steeredFamilies(redirects, facts, numbers);
  const published = publishedSubnets(redirects, facts);
  return [
    ...nftSets(groups, published),
    ...(redirects.length > 0
      ? [...nftChains(groups, numbers, published), ...drainedAnswers(role, facts)]
      : []),
    ...sourcePolicies(groups, numbers.checkedBit ?? 0, facts),
    ...steeringRules(
      groups,
      numbers,
      families.filter((family) => forwardingName[family] in facts.sysctls),
    ),
    ...routesOf(redirects),
    ...closedSubnets(groups),
    ...validMarks(groups, facts),
    ...dnsRedirectChains(role.networks, redirects, facts),
  ];
}

function desiredNetworks(role: HostRole, states: readonly NetworkState[], facts: Facts): DesiredNetwork[] {
  const released = facts.ledger.networks.filter(
    (kept) => !role.networks.some(({ engine, name }) => engine === kept.engine && name === kept.name),
  );
  return [
    ...states.map((state) => desiredNetwork(state, facts)),
    ...released.map((kept) => releaseNetwork(kept, facts)),
  ];
}

/** Several networks, or both families, may report the same gateway. */
function withoutDuplicates(found: readonly NotReady[]): NotReady[] {
  return [...new Map(found.map((one) => [`${one.what} ${one.family ?? ''} ${one.message}`, one])).values()];
}
