/** Sessions of the routing daemon, for `status`. */
import { type ExpectedSession, expectedSessions } from '../../desired/bird/expected-sessions.ts';
import type { OspfNeighbor, RefusedRoute, RoutingState } from '../../host/bird/sessions.ts';
import { printList } from '../../kinds/list.ts';
import type { HostRole } from '../../topology/role.ts';

export interface SessionStatus {
  readonly gateway: string;
  /** `member gw1`, `node node1`, `upstream router`; with OSPF between hosts of the file, `members` or `nodes` */
  readonly neighbor: string;
  readonly protocol: 'bgp' | 'ospf';
  readonly family: 4 | 6;
  readonly address?: string;
  /** BIRD's word: `Established`, `Active`, `Running`; `unknown` when BIRD does not answer */
  readonly state: string;
  readonly up: boolean;
  readonly since?: string;
  /** `Up`, `Down`; absent without BFD */
  readonly bfd?: string;
  /** number of routes */
  readonly accepted: number;
  readonly announced: number;
  readonly refused: number;
  /** refused destinations that BIRD has kept, by the reason why they are refused */
  readonly refusedRoutes?: readonly RefusedRoutes[];
  /** hosts of the file that OSPF should have as neighbours and has not, in the order of the file */
  readonly missing?: readonly string[];
  readonly error?: string;
}

export interface RefusedRoutes {
  readonly destinations: readonly string[];
  readonly why: string;
}

export function sessionStatus(role: HostRole, state: RoutingState | undefined): SessionStatus[] {
  return expectedSessions(role).map((session) => statusOf(session, state));
}

export function statusOf(expected: ExpectedSession, state: RoutingState | undefined): SessionStatus {
  const { name, refusal, refusals = {}, routers = {}, settings: _, ...session } = expected;
  const { protocols = {}, neighbors = {}, bfd = {}, refused = {} } = state ?? {};
  const unknown = { state: 'unknown', up: false, accepted: 0, announced: 0, refused: 0 };
  const {
    kind: _kind,
    withoutFamily: _family,
    ...found
  } = { kind: 'BGP', withoutFamily: true, ...(protocols[name] ?? unknown) };
  const missing = Object.entries(routers).flatMap(([id, { host }]) =>
    isAdjacent(neighbors[name]?.[id]) ? [] : [host],
  );
  const { [session.address ?? '']: bfdState } = bfd;
  const routes = refused[name] ?? [];
  return {
    ...session,
    ...found,
    ...(missing.length > 0 ? { missing, up: false } : {}),
    ...(bfdState === undefined ? {} : { bfd: bfdState }),
    ...(routes.length > 0 ? { refusedRoutes: byReason(routes, refusals, refusal) } : {}),
  };
}

function byReason(
  routes: readonly RefusedRoute[],
  refusals: Readonly<Record<string, string>>,
  otherwise: string,
): RefusedRoutes[] {
  const found = new Map<string, string[]>();
  for (const { destination, router = '' } of routes) {
    const why = refusals[router] ?? otherwise;
    found.set(why, [...(found.get(why) ?? []), destination]);
  }
  return [...found].map(([why, destinations]) => ({ destinations, why }));
}

/** Two routers that are both not the designated one stay at 2-Way. */
export function isAdjacent(neighbor: OspfNeighbor | undefined): boolean {
  return neighbor !== undefined && /^(Full|2-Way)/.test(neighbor.state);
}

export function sessionText(session: SessionStatus): string {
  const { gateway, neighbor, protocol, family, address, state, since, bfd, accepted, announced } = session;
  const { refused, refusedRoutes, missing, error } = session;
  const where = address === undefined ? `IPv${family}` : address;
  return [
    `${gateway}: ${neighbor} (${where}): ${protocol.toUpperCase()} ${state}`,
    ...(since === undefined ? [] : [`since ${since}`]),
    ...(bfd === undefined ? [] : [`BFD ${bfd}`]),
    ...(missing ? [`without ${printList(missing)}`] : []),
    `${accepted} accepted`,
    `${announced} announced`,
    ...(refusedRoutes
      ? refusedRoutes.map(({ destinations, why }) => `refused: ${printList(destinations)} (${why})`)
      : refused > 0
        ? [`${refused} refused`]
        : []),
    ...(error === undefined ? [] : [`last error: ${error}`]),
  ].join(', ');
}
