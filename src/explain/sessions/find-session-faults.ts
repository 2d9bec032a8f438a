/** Sessions that do not come up, bring no routes, or lack their BFD: each with its cause, and evidence of both sides. */
import type { Family } from '../../address/cidr.ts';
import { type ExpectedSession, expectedSessions } from '../../desired/bird/expected-sessions.ts';
import { passwordIn } from '../../host/bird/password.ts';
import { type RoutingState, newMessages, readRoutingState } from '../../host/bird/sessions.ts';
import { printList } from '../../kinds/list.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import type { Finding } from '../doctor.ts';
import type { NotProbed } from '../interference/path.ts';
import { statusOf } from './session-status.ts';
import { bfdFault } from './bfd-fault.ts';
import { bgpFault, ttlSecurity } from './bgp-fault.ts';
import { type BgpView, bgpView } from './bgp-view.ts';
import { ospfFault } from './ospf-fault.ts';
import { type OspfView, ospfView } from './ospf-view.ts';
import { type Question, reach } from './reach.ts';
import type { Fault, SessionView } from './view.ts';
import { type Watched, linkOf, packetsOf, watchSessions } from './watch.ts';

export interface SessionFaults {
  readonly found: readonly Finding[];
  readonly notProbed: readonly NotProbed[];
  /** gateways that have no default, in one family: `gateway office` */
  readonly closed: readonly { readonly what: string; readonly family: Family }[];
}

/** A daemon that does not run is a difference, which is reported already. */
export async function findSessionFaults(
  live: LiveHost,
  role: HostRole,
  facts: Pick<Facts, 'links'>,
): Promise<SessionFaults> {
  const sessions = expectedSessions(role);
  const first = sessions.length > 0 ? await readRoutingState(live) : undefined;
  if (!first) return { found: [], notProbed: [], closed: [] };
  live.progress?.({ what: 'watching the packets of routing sessions', objects: sessions.length });
  const watched = await watchSessions(live, sessions, first, facts);
  const state = (await readRoutingState(live)) ?? first;
  const views = await Promise.all(sessions.map((session) => viewOf(live, session, state, watched, facts)));
  const reached = await reach(live, views.flatMap(questionsAbout));
  const found = views.flatMap((view) => findingsOf({ ...view, reached }, views));
  return {
    found,
    notProbed: watched.problem === undefined ? [] : [{ reason: watched.problem }],
    closed: closedGateways(views),
  };
}

function closedGateways(views: readonly SessionView[]): SessionFaults['closed'] {
  const wanting = views.filter(({ settings }) => settings.wantsDefault).map(({ status }) => status);
  const open = new Set(wanting.filter(({ accepted }) => accepted > 0).map(keyOf));
  return wanting
    .filter((status) => !open.has(keyOf(status)))
    .map(({ gateway, family }) => ({ what: `gateway ${gateway}`, family }));
}

function keyOf({ gateway, family }: { readonly gateway: string; readonly family: Family }): string {
  return `${gateway} ${family}`;
}

async function viewOf(
  { files }: LiveHost,
  session: ExpectedSession,
  state: RoutingState,
  { packets, seconds, log }: Watched,
  facts: Pick<Facts, 'links'>,
): Promise<SessionView> {
  const { name, settings } = session;
  const { passwordFile } = settings;
  const link = linkOf(session, facts);
  const password = passwordFile === undefined ? undefined : await passwordIn(files, passwordFile);
  return {
    session,
    settings,
    status: statusOf(session, state),
    ...(link ? { link } : {}),
    ...(packets ? { packets: packetsOf(session, packets, facts) } : {}),
    watched: seconds,
    messages: newMessages(log.before, log.after, name),
    neighbors: state.neighbors[name] ?? {},
    bfd: state.bfd,
    withoutFamily: state.protocols[name]?.withoutFamily === true,
    ...(password === undefined ? {} : { password }),
    reached: new Map(),
  };
}

function bgpViewOf(view: SessionView): BgpView | undefined {
  const { settings, session } = view;
  return settings.protocol === 'bgp' && session.address !== undefined
    ? bgpView({ ...view, settings }, session.address)
    : undefined;
}

/** One for each neighbour that is missing. */
function ospfViewsOf(view: SessionView): OspfView[] {
  const { settings, session, status } = view;
  if (settings.protocol !== 'ospf') return [];
  const own = { ...view, settings };
  const { routers } = session;
  if (!routers) return [ospfView(own)];
  return Object.entries(routers)
    .filter(([, { host }]) => status.missing?.includes(host))
    .map(([id, { host, address }]) => ospfView(own, { id, host, address }));
}

/** Those that have said nothing are asked whether they are there. */
function questionsAbout(view: SessionView): Question[] {
  if (view.status.up || !view.packets) return [];
  const bgp = bgpViewOf(view);
  if (bgp) {
    const { received, address, local, settings } = bgp;
    if (received.length > 0) return [];
    const port = settings.passwordFile === undefined ? {} : { port: settings.port };
    return [{ address, ...(local === undefined ? {} : { local }), ...port }];
  }
  return ospfViewsOf(view).flatMap(({ host, received }) =>
    host && received.length === 0 ? [{ address: host.address }] : [],
  );
}

function findingsOf(view: SessionView, all: readonly SessionView[]): Finding[] {
  const { status, settings } = view;
  if (!status.up) return downFindings(view);
  const found = settings.wantsDefault && status.accepted === 0 ? [withoutDefault(view)] : [];
  return [...found, ...bfdFindings(view, all)];
}

/** `gateway office: no routes by BGP with upstream router at 172.31.0.1: Idle: CAUSE` */
function finding({ status }: SessionView, state: string, { cause, remedy }: Fault): Finding {
  const { gateway, neighbor, protocol, family, address } = status;
  const at = address === undefined ? `over IPv${family}` : `at ${address}`;
  return {
    problem: `gateway ${gateway}: no routes by ${protocol.toUpperCase()} with ${neighbor} ${at}: ${state}: ${cause}`,
    remedy,
  };
}

function downFindings(view: SessionView): Finding[] {
  const { status } = view;
  const bgp = bgpViewOf(view);
  if (bgp) return [finding(view, status.state, bgpFault(bgp) ?? unknownFault(view))];
  const found = ospfViewsOf(view).map((one) => ({
    host: one.host?.host,
    fault: ospfFault(one) ?? unknownFault(view),
  }));
  return alike(found).map(({ hosts, fault }) =>
    finding(view, hosts.length > 0 ? `${status.state} without ${printList(hosts)}` : status.state, fault),
  );
}

/** Hosts of one fault are one finding. */
function alike(found: readonly { readonly host: string | undefined; readonly fault: Fault }[]) {
  const groups = new Map<string, { readonly hosts: string[]; readonly fault: Fault }>();
  for (const { host, fault } of found) {
    const key = host === undefined ? fault.cause : fault.cause.replaceAll(host, '');
    const group = groups.get(key) ?? { hosts: [], fault };
    if (host !== undefined) group.hosts.push(host);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function unknownFault({ status: { error }, messages, session }: SessionView): Fault {
  return {
    cause: messages.at(-1) ?? error ?? 'no cause is known',
    remedy: `look at both ends: port, password, times and packet filters; the log is bird.log in /run/mustredirect/host.bird, where the session is ${session.name}`,
  };
}

function withoutDefault(view: SessionView): Finding {
  const { status, withoutFamily, session } = view;
  const [ospf] = ospfViewsOf(view);
  const bgp = bgpViewOf(view);
  const fault = withoutFamily
    ? {
        cause: `the neighbour does not offer IPv${session.family} unicast`,
        remedy: `activate the session in the address family IPv${session.family} there`,
      }
    : ((ospf && ospfFault(ospf)) ??
      (bgp && ttlSecurity(bgp)) ?? {
        cause: 'the neighbour announces no default',
        remedy: defaultRemedy(view),
      });
  return finding(view, status.state, fault);
}

function defaultRemedy({ session: { neighbor, protocol } }: SessionView): string {
  if (neighbor !== 'upstream router')
    return 'its uplink is down, or its upstream router gives it none: `mustredirect doctor` there tells';
  return protocol === 'bgp'
    ? 'let the router announce one (in FRR, `neighbor ... default-originate`), and look at its filters'
    : 'let the router announce one (in FRR, `default-information originate`), which it does while it has one itself';
}

function bfdFindings(view: SessionView, all: readonly SessionView[]): Finding[] {
  const { gateway, neighbor, protocol } = view.status;
  return neighborAddresses(view).flatMap((address) => {
    const elsewhere = all.some((one) => one.settings.bfd && neighborAddresses(one).includes(address));
    const fault = bfdFault(view, address, elsewhere);
    if (!fault) return [];
    const problem = `gateway ${gateway}: ${protocol.toUpperCase()} with ${neighbor}, ${address}: ${fault.cause}`;
    return [{ problem, remedy: fault.remedy }];
  });
}

function neighborAddresses({ session: { address }, neighbors }: SessionView): string[] {
  return address === undefined ? Object.values(neighbors).map((one) => one.address) : [address];
}
