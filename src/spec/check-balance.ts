/**
 * Checks of gateways with `mode: balance` or `flows: drain`: what needs one member for all traffic cannot be spread over
 * several.
 */
import { slotCount } from '../health/slots.ts';
import type { Check } from './check-context.ts';
import type { DraftGateway } from './schema.ts';
import { problemAt } from './tree.ts';

export const checkBalance: Check = (input) => [
  ...manualFailback(input),
  ...publishedPorts(input),
  ...smallShares(input),
  ...routesToMembers(input),
];

/** Whether connections are spread. With one member, there is nothing to choose. */
function isSpread(gateway: DraftGateway): boolean {
  return gateway.mode === 'balance' && choosesMembers(gateway);
}

function choosesMembers({ members = [], routing }: DraftGateway): boolean {
  return members.length > 1 && (routing?.protocol ?? 'static') === 'static';
}

const manualFailback: Check = ({ draft, valuePosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, gateway]) =>
    gateway.mode === 'balance' && gateway.failback === 'manual'
      ? [
          problemAt(
            valuePosition(['gateways', name, 'failback']),
            'with mode balance, failback cannot be manual: all members that work are in use',
            'write a time, such as `failback: 30s`; `mustredirect drain` keeps a member out of use',
          ),
        ]
      : [],
  );

/** The member that the call came by is the only one that translates the reply back. */
const publishedPorts: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, gateway]) =>
    isSpread(gateway) && gateway.publish !== undefined && gateway.publish.length > 0
      ? [
          problemAt(
            keyPosition(['gateways', name, 'publish']),
            'with mode balance, ports cannot be published: replies could leave by another member than the call came by',
            'leave publish out, or write `mode: failover`',
          ),
        ]
      : [],
  );

const smallShares: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, gateway]) => {
    if (!isSpread(gateway)) return [];
    const weights = (gateway.members ?? []).map(({ weight = 1 }) => weight);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.flatMap((weight, i) =>
      weight * slotCount < total
        ? [
            problemAt(
              keyPosition(['gateways', name, 'members', i, 'weight']),
              `a share of ${weight} in ${total} is less than one of ${slotCount} slots`,
              'give this member a larger weight, or the others smaller ones',
            ),
          ]
        : [],
    );
  });

/** Routes are rules by address, which lead to one table: the spread would have to be decided by nftables as well. */
const routesToMembers: Check = ({ draft, valuePosition }) =>
  Object.entries(draft.networks ?? {}).flatMap(([network, { routes = [] }]) =>
    routes.flatMap(({ via }, i) => {
      const gateway = via === undefined ? undefined : gatewayNamed(draft.gateways, via);
      const has = gateway && choosesMembers(gateway) ? perConnection(gateway) : undefined;
      return has
        ? [
            problemAt(
              valuePosition(['networks', network, 'routes', i, 'via']),
              `gateway ${via} has ${has.key}: only whole networks can leave by it, not single routes`,
              `write \`${has.other}\` for that gateway, or give the network that gateway as via and make routes of the rest`,
            ),
          ]
        : [];
    }),
  );

/** Key that makes a node choose a member for each connection, and what to write instead. */
function perConnection({
  mode,
  flows,
}: DraftGateway): { readonly key: string; readonly other: string } | undefined {
  if (mode === 'balance') return { key: 'mode balance', other: 'mode: failover' };
  return flows === 'drain' ? { key: 'flows drain', other: 'flows: reset' } : undefined;
}

function gatewayNamed(
  gateways: Readonly<Record<string, DraftGateway>> | undefined,
  name: string,
): DraftGateway | undefined {
  return gateways !== undefined && Object.hasOwn(gateways, name) ? gateways[name] : undefined;
}
