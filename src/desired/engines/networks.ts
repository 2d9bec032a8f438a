/** Desired state of the engines: the network exists, and its masquerade is off where the engine has a switch. */
import { familyOf } from '../../address/cidr.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { storedNetwork } from '../../state/actual.ts';
import type { AttachedContainer, Facts, NetworkFacts } from '../../state/facts.ts';
import type { LedgerNetwork } from '../../state/ledger.ts';
import type { EngineMasquerade } from '../../kinds/engine-masquerade/schema.ts';
import type { EngineNetwork } from '../../kinds/engine-network/schema.ts';
import { answerDevices, hasWayIn, letAnswersIn } from './answers.ts';
import { type NetworkState, inFamily } from './obstacles.ts';
import { factsOf } from './network-facts.ts';
import type { NotReady, DesiredObject } from '../redirect.ts';
import { kernelMtu, wayMtu } from '../routing/way-mtu.ts';

export interface EngineWishes {
  readonly wanted: readonly DesiredObject[];
  readonly waiting: readonly string[];
}

const nothing: EngineWishes = { wanted: [], waiting: [] };

/** A network of the file. */
export function wantNetwork({ network, obstacles }: NetworkState, facts: Facts): EngineWishes {
  const found = factsOf(network, facts);
  if (!found || network.engine === 'external') return nothing;
  if (obstacles.length > 0 && closesAll(network, obstacles)) return asItIs(found);
  if (!found.exists && !canBeMade(network, facts)) return nothing;
  const wanted: readonly DesiredObject[] = [
    {
      object: found.exists ? storedNetwork(found) : newObject(network, found, facts),
      why: found.exists ? 'exists already' : `create it by ${found.backend}, as the file says`,
    },
    ...letAnswersIn(network, found, facts),
  ];
  const { masquerade } = found;
  if (!masquerade) return { wanted, waiting: [] };
  const held = masquerade.enabled ? found.attached : [];
  const off = {
    object: masqueradeObject(network, { ...masquerade, enabled: held.length > 0 }),
    why: 'the gateway sees the container’s own address',
  };
  return {
    wanted: [...wanted, off],
    waiting:
      held.length > 0
        ? [
            `${masquerade.file}: ${masquerade.setting}: false, until nothing is attached to ${network.name} (now: ${names(held)}); ` +
              'the source address is kept all the same',
          ]
        : [],
  };
}

/** Nothing of a network that is closed is changed, and nothing is taken away. */
function asItIs(found: NetworkFacts): EngineWishes {
  if (!found.exists) return nothing;
  return { wanted: [{ object: storedNetwork(found), why: 'exists already' }], waiting: [] };
}

function closesAll({ subnets, blocked }: NodeNetwork, obstacles: readonly NotReady[]): boolean {
  const open = subnets.map(familyOf).filter((family) => !blocked.includes(family));
  return open.every((family) => inFamily(obstacles, family).length > 0);
}

/** What it is made with depends on the link towards its gateway, and stays. */
function canBeMade(network: NodeNetwork, facts: Facts): boolean {
  const goesNowhere = network.subnets.every((subnet) => network.blocked.includes(familyOf(subnet)));
  return goesNowhere || hasWayIn(network, facts);
}

/** A network that we made or edited, and that the file does not have any more. */
export function releaseNetwork(kept: LedgerNetwork, facts: Facts): EngineWishes {
  const silent = facts.silentEngines?.[kept.engine];
  if (silent !== undefined) {
    const waiting = [
      `network ${kept.name}: ${kept.engine} cannot be queried (${silent.why}); run destroy again when it can`,
    ];
    return { wanted: [], waiting };
  }
  const found = factsOf(kept, facts);
  // One of the same name without our label is not the one that we made.
  const ours = kept.created && found?.ours === true;
  const stays = found?.exists === true && (ours ? found.attached.length > 0 : !kept.created);
  if (!found || !stays) return nothing;
  const masquerade = givenBack(kept, found, facts);
  if (!ours) return masquerade;
  return {
    wanted: [
      { object: storedNetwork({ ...found, subnets: kept.subnets }), why: 'containers use it' },
      ...masquerade.wanted,
    ],
    waiting: [
      `network ${kept.name}, which we created, stays: used by ${names(found.attached)}`,
      ...masquerade.waiting,
    ],
  };
}

/** The masquerade setting as it was before we changed it. */
function givenBack(kept: LedgerNetwork, found: NetworkFacts, facts: Facts): EngineWishes {
  const { masquerade, attached } = found;
  if (!kept.edited || !masquerade || !isTheSame(found, facts)) return nothing;
  const object = masqueradeObject(kept, { ...masquerade, file: kept.edited.file, enabled: true });
  const running = attached.filter((container) => container.running);
  return {
    wanted: [{ object, why: 'restore the original setting' }],
    waiting:
      running.length > 0 ? [`${names(running)}: no masquerade until ${reload(found)}the next start`] : [],
  };
}

/** With another bridge it is another network of that name: what its owner has set is as he wants it. */
function isTheSame({ name, bridge }: NetworkFacts, { ledger: { bridges = {} } }: Facts): boolean {
  return bridge === undefined || !Object.hasOwn(bridges, name) || bridges[name] === bridge;
}

function newObject(network: NodeNetwork, found: NetworkFacts, facts: Facts): EngineNetwork {
  const { engine, name, subnets } = network;
  const trusted = found.dropsAnswers ? answerDevices(network, facts) : [];
  return {
    kind: 'engine-network',
    engine,
    name,
    subnets,
    ...fitting(network, facts),
    ...(trusted.length > 0 ? { trusted } : {}),
  };
}

/** Its packets are none too large for the way out. Where that is no question, the engine knows best. */
function fitting(network: NodeNetwork, facts: Facts): { mtu?: number } {
  const { mtu = kernelMtu } = wayMtu(network, facts) ?? {};
  return mtu < kernelMtu ? { mtu } : {};
}

function masqueradeObject(
  { engine, name }: { readonly engine: EngineNetwork['engine']; readonly name: string },
  masquerade: NonNullable<NetworkFacts['masquerade']>,
): EngineMasquerade {
  return { kind: 'engine-masquerade', engine, network: name, ...masquerade };
}

function reload({ commands }: NetworkFacts): string {
  return commands?.reload === undefined ? '' : `\`${commands.reload}\`, or `;
}

function names(containers: readonly AttachedContainer[]): string {
  return containers.map(({ name, running }) => (running ? name : `${name} (stopped)`)).join(', ');
}
