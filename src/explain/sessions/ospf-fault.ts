/** Why an OSPF neighbour is none, or gives no routes: its packets say what it has, and BIRD says how far it came. */
import type { Family } from '../../address/cidr.ts';
import type { OspfNeighbor } from '../../host/bird/sessions.ts';
import { mismatch } from './ospf-mismatch.ts';
import { authenticationFault } from './ospf-password.ts';
import { type OspfView, lastHello, nameOf, sameFile } from './ospf-view.ts';
import { type Fault, type Rule, deviceFault, firstFault } from './view.ts';

/** In the order in which two routers come together. */
const rules: readonly Rule<OspfView>[] = [
  deviceFault,
  equalRouterIds,
  noPackets,
  authenticationFault,
  mismatch,
  wrongTtl,
  saidByBird,
  droppedHere,
  droppedThere,
  networkType,
  stuck,
];

export function ospfFault(view: OspfView): Fault | undefined {
  return firstFault(rules, view);
}

function noPackets(view: OspfView): Fault | undefined {
  const { packets, received, link, watched, host, reached } = view;
  if (!packets || received.length > 0) return undefined;
  const where = `${link?.name ?? 'the link'} within ${watched} s`;
  if (!host)
    return {
      cause: `no OSPF packet came in by ${where}`,
      remedy:
        'switch OSPF on for that interface of the router, or look at the link between: its VLAN, and packet filters',
    };
  const reach = reached.get(host.address);
  const packet = `no OSPF packet of ${host.host} came in by ${where}`;
  if (reach && !reach.resolved)
    return {
      cause: `${packet}, and ${host.address} does not exist on the link`,
      remedy: `look at ${host.host}, at its link, and at its address below \`hosts:\``,
    };
  return {
    cause: `${packet}, ${reach?.ping ? 'though it answers ping' : 'and it does not answer ping'}`,
    remedy: `run \`mustredirect apply\` on ${host.host}, and let its packet filters send OSPF (IP protocol 89)`,
  };
}

/** Such a router is not known by its id, whichever host it is. */
function equalRouterIds({ others, settings }: OspfView): Fault | undefined {
  const same = others.find(({ router }) => router === settings.routerId);
  if (!same) return undefined;
  return {
    cause: `the router at ${same.source} has the router id ${same.router}, as this host has`,
    remedy:
      'every router needs one of its own: change that of the router, or the first address of this host below `hosts:`',
  };
}

function wrongTtl(view: OspfView): Fault | undefined {
  const { settings, received } = view;
  const other = received.find(({ ttl }) => ttl !== 255);
  if (!settings.ttlSecurity || !other) return undefined;
  return {
    cause: `packets of ${nameOf(view)} have TTL ${other.ttl}, and are dropped: those between hosts of the file need 255`,
    remedy: 'let BIRD of mustredirect speak there: `mustredirect apply`; FRR cannot send OSPF with TTL 255',
  };
}

/** What BIRD refuses for a reason that no rule above knows. */
function saidByBird(view: OspfView): Fault | undefined {
  const about = view.received.flatMap(({ source, router }) => [source, router]);
  const message = view.messages.findLast(
    (text) => text.startsWith('Bad ') && about.some((one) => text.includes(` ${one} `)),
  );
  if (message === undefined) return undefined;
  return { cause: `BIRD refuses its packets: ${message}`, remedy: sameFile(view, 'that') };
}

function neighborOf({ neighbors, received, host }: OspfView): OspfNeighbor | undefined {
  const id = host?.id ?? received.at(-1)?.router;
  return id === undefined ? undefined : neighbors[id];
}

function droppedHere(view: OspfView): Fault | undefined {
  const { received, link } = view;
  if (received.length === 0 || neighborOf(view)) return undefined;
  return {
    cause: `packets of ${nameOf(view)} come in by ${link?.name ?? 'the link'}, and BIRD does not get them: a packet filter of this host drops them`,
    remedy: `let them in: \`nft list ruleset\` shows the filters; OSPF is IP protocol 89, on ${link?.name ?? 'the link'}`,
  };
}

/** A router lists those that it hears. */
function droppedThere(view: OspfView): Fault | undefined {
  const { settings, link } = view;
  const hello = lastHello(view);
  if (!hello || hello.neighbors.includes(settings.routerId)) return undefined;
  return {
    cause: `${nameOf(view)} does not hear this host: its hello packets do not list ${settings.routerId}`,
    remedy: `a packet filter there, or a switch on the way, drops OSPF (IP protocol 89, to ${multicast[view.session.family]}) from ${link?.name ?? 'this host'}`,
  };
}

const multicast = { 4: '224.0.0.5', 6: 'ff02::5' } as const satisfies Record<Family, string>;

/** On a broadcast link, both sides agree on a designated router; on a point-to-point link there is none. */
function networkType(view: OspfView): Fault | undefined {
  const { sent, link } = view;
  const theirs = lastHello(view)?.designated;
  const ours = sent.find(({ hello }) => hello)?.hello?.designated;
  if (theirs === undefined || ours === undefined || (theirs === none) === (ours === none)) return undefined;
  const [there, here] = ours === none ? ['broadcast', 'point-to-point'] : ['point-to-point', 'broadcast'];
  return {
    cause: `${nameOf(view)} takes the link for ${there}, and this host for ${here}: ${link?.name ?? 'it'} is ${link?.ethernet ? 'an Ethernet device' : 'a tunnel'}`,
    remedy: `set the network type of that interface of the router to ${here} (in FRR, \`ip ospf network ${here}\`)`,
  };
}

const none = '0.0.0.0';

function stuck(view: OspfView): Fault | undefined {
  const state = neighborOf(view)?.state.split('/')[0];
  if (state === undefined || /^(Full|2-Way)$/.test(state)) return undefined;
  const { link, received } = view;
  const mtu = received.findLast((one) => one.mtu !== undefined)?.mtu;
  if (mtu !== undefined && mtu !== 0 && mtu !== link?.mtu)
    return {
      cause: `${nameOf(view)} has MTU ${mtu}, and ${link?.name} has ${link?.mtu}: they stay in ${state}`,
      remedy: `set the same MTU at both ends of the link: \`ip link set ${link?.name} mtu ${mtu}\`, or that of the other side`,
    };
  if (/^(ExStart|Exchange|Loading)$/.test(state))
    return {
      cause: `${nameOf(view)} stays in ${state}: packets to one address, or large ones, do not arrive`,
      remedy:
        'look at the MTU of both ends, and at packet filters there: they must allow IP protocol 89 to unicast addresses',
    };
  return undefined;
}
