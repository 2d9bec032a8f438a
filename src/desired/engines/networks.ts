/** Desired state of the engines: the network exists, and its masquerade is off if the engine has a setting for it. */
import { families } from '../../address/cidr.ts';
import { isOpen } from '../addresses.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { storedNetwork } from '../../state/actual.ts';
import type { AttachedContainer, Facts, NetworkFacts } from '../../state/facts.ts';
import type { LedgerNetwork } from '../../state/ledger.ts';
import type { EngineMasquerade } from '../../kinds/engine-masquerade/schema.ts';
import type { EngineNetwork } from '../../kinds/engine-network/schema.ts';
import { gatewayDevices, hasGatewayLink, acceptReplyRules } from './inbound-links.ts';
import { type NetworkState, inFamily } from './obstacles.ts';
import { factsOf } from './network-facts.ts';
import type { NotReady, DesiredObject } from '../redirect.ts';
import { kernelMtu, pathMtu } from '../routing/path-mtu.ts';

export interface DesiredNetwork {
  readonly wanted: readonly DesiredObject[];
  readonly waiting: readonly string[];
}

const nothing: DesiredNetwork = { wanted: [], waiting: [] };

export function desiredNetwork({ network, obstacles }: NetworkState, facts: Facts): DesiredNetwork {
  const found = factsOf(network, facts);
  if (!found || network.engine === 'external') return nothing;
  if (obstacles.length > 0 && isClosed(network, obstacles)) return unchanged(found);
  if (!found.exists && (network.byLabel || !canBeCreated(network, facts))) return nothing;
  const wanted: readonly DesiredObject[] = [
    {
      object: found.exists ? storedNetwork(found) : newNetwork(network, found, facts),
      why: found.exists ? 'exists already' : `create it by ${found.backend}, as the file says`,
    },
    ...acceptReplyRules(network, found, facts),
  ];
  const { masquerade } = found;
  if (!masquerade) return { wanted, waiting: [] };
  const attached = masquerade.enabled ? found.attached : [];
  const off = {
    object: masqueradeObject(network, { ...masquerade, enabled: attached.length > 0 }),
    why: 'the gateway sees the container’s own address',
  };
  return {
    wanted: [...wanted, off],
    waiting:
      attached.length > 0
        ? [
            `${masquerade.file}: ${masquerade.setting}: false, until nothing is attached to ${network.name} (now: ${containerNames(attached)}); ` +
              'the source address is kept all the same',
          ]
        : [],
  };
}

/** A closed network is neither changed nor removed. */
function unchanged(found: NetworkFacts): DesiredNetwork {
  if (!found.exists) return nothing;
  return { wanted: [{ object: storedNetwork(found), why: 'exists already' }], waiting: [] };
}

function isClosed(network: NodeNetwork, obstacles: readonly NotReady[]): boolean {
  return families.every((family) => !isOpen(network, family) || inFamily(obstacles, family).length > 0);
}

/** The options of a new network depend on the link to its gateway, and cannot be changed later. */
function canBeCreated(network: NodeNetwork, facts: Facts): boolean {
  return !families.some((family) => isOpen(network, family)) || hasGatewayLink(network, facts);
}

/** Removes or restores a network that we created or edited, and that the file no longer has. */
export function releaseNetwork(kept: LedgerNetwork, facts: Facts): DesiredNetwork {
  const unread = facts.unreadEngines?.[kept.engine];
  if (unread !== undefined) {
    const waiting = [
      `network ${kept.name}: ${kept.engine} cannot be queried (${unread.why}); run destroy again when it can`,
    ];
    return { wanted: [], waiting };
  }
  const found = factsOf(kept, facts);
  // A network of the same name without our label is not the one that we created.
  const ours = kept.created && found?.ours === true;
  const stays = found?.exists === true && (ours ? found.attached.length > 0 : !kept.created);
  if (!found || !stays) return nothing;
  const masquerade = restoredMasquerade(kept, found, facts);
  if (!ours) return masquerade;
  return {
    wanted: [
      { object: storedNetwork({ ...found, subnets: kept.subnets }), why: 'containers use it' },
      ...masquerade.wanted,
    ],
    waiting: [
      `network ${kept.name}, which we created, stays: used by ${containerNames(found.attached)}`,
      ...masquerade.waiting,
    ],
  };
}

/** The masquerade setting as it was before we changed it. */
function restoredMasquerade(kept: LedgerNetwork, found: NetworkFacts, facts: Facts): DesiredNetwork {
  const { masquerade, attached } = found;
  if (!kept.edited || !masquerade || !hasKnownBridge(found, facts)) return nothing;
  const object = masqueradeObject(kept, { ...masquerade, file: kept.edited.file, enabled: true });
  const running = attached.filter((container) => container.running);
  return {
    wanted: [{ object, why: 'restore the original setting' }],
    waiting:
      running.length > 0
        ? [`${containerNames(running)}: no masquerade until ${reload(found)}the next start`]
        : [],
  };
}

/** A network of that name with another bridge is a new one, and its settings are its owner's. */
function hasKnownBridge({ name, bridge }: NetworkFacts, { ledger: { bridges = {} } }: Facts): boolean {
  return bridge === undefined || !Object.hasOwn(bridges, name) || bridges[name] === bridge;
}

function newNetwork(network: NodeNetwork, found: NetworkFacts, facts: Facts): EngineNetwork {
  const { engine, name, subnets } = network;
  const trusted = found.dropsReplies ? gatewayDevices(network, facts) : [];
  return {
    kind: 'engine-network',
    engine,
    name,
    subnets,
    ...mtuFor(network, facts),
    ...(trusted.length > 0 ? { trusted } : {}),
  };
}

/** Limits packets to the path MTU. If that is the kernel's default or larger, the engine chooses. */
function mtuFor(network: NodeNetwork, facts: Facts): { mtu?: number } {
  const { mtu = kernelMtu } = pathMtu(network, facts) ?? {};
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

function containerNames(containers: readonly AttachedContainer[]): string {
  return containers.map(({ name, running }) => (running ? name : `${name} (stopped)`)).join(', ');
}
