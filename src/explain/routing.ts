/** Sessions of the routing daemon, for `status` and `doctor`. */
import { expectedSessions } from '../desired/bird/sessions.ts';
import type { RoutingState } from '../host/bird/sessions.ts';
import { printList } from '../kinds/list.ts';
import type { HostRole } from '../topology/role.ts';
import type { Finding } from './doctor.ts';

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
  /** refused destinations that BIRD has kept, and why they are refused */
  readonly refusedRoutes?: { readonly destinations: readonly string[]; readonly why: string };
  /** hosts of the file that OSPF should have as neighbours and has not, in the order of the file */
  readonly missing?: readonly string[];
  readonly error?: string;
}

export function sessionStatus(role: HostRole, state: RoutingState | undefined): SessionStatus[] {
  return expectedSessions(role).map(({ name, refusal, routers = {}, ...session }) => {
    const { protocols = {}, neighbors = {}, bfd = {}, refused = {} } = state ?? {};
    const unknown = { state: 'unknown', up: false, accepted: 0, announced: 0, refused: 0 };
    const { kind: _, ...found } = { kind: 'BGP', ...(protocols[name] ?? unknown) };
    const missing = Object.entries(routers).flatMap(([id, host]) =>
      isAdjacent(neighbors[name]?.[id]) ? [] : [host],
    );
    const { [session.address ?? '']: bfdState } = bfd;
    const destinations = refused[name] ?? [];
    return {
      ...session,
      ...found,
      ...(missing.length > 0 ? { missing, up: false } : {}),
      ...(bfdState === undefined ? {} : { bfd: bfdState }),
      ...(destinations.length > 0 ? { refusedRoutes: { destinations, why: refusal } } : {}),
    };
  });
}

/** Two routers that are both not the designated one stay at 2-Way. */
function isAdjacent(state: string | undefined): boolean {
  return state !== undefined && /^(Full|2-Way)/.test(state);
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
      ? [`refused: ${printList(refusedRoutes.destinations)} (${refusedRoutes.why})`]
      : refused > 0
        ? [`${refused} refused`]
        : []),
    ...(error === undefined ? [] : [`last error: ${error}`]),
  ].join(', ');
}

/** Pattern of BIRD's error -> what to do. The first match counts. */
const remedies: readonly (readonly [RegExp, (neighbor: string) => string])[] = [
  [
    /Connection refused/,
    (neighbor) => `nothing listens there: run \`mustredirect apply\` on ${neighbor}, or start its BGP daemon`,
  ],
  [/AS|Bad peer/, () => 'the numbers of `as:` and `peer_as:` must be those of the other side, exchanged'],
  [/MTU/i, () => 'the MTU of both ends of the link must be the same: `ip link show` on both'],
  [
    /authenti|password/i,
    () => 'both sides must have the same password; OSPF for IPv6 with a password does not work with FRR 8.4',
  ],
  [/interval|dead|area|mask/i, () => '`hello:`, `dead:` and `area:` must be those of the other side'],
  [
    /Hold timer|BFD|timed out|Neighbor lost|No route|Unreachable/i,
    () => 'the neighbour does not answer: look at the link, its address, its password and at packet filters',
  ],
];

export function sessionFindings(sessions: readonly SessionStatus[]): Finding[] {
  return sessions
    .filter(({ up }) => !up)
    .map((session) => {
      const { gateway, neighbor, protocol, family, address, state, missing, error } = session;
      const at = address === undefined ? `over IPv${family}` : `at ${address}`;
      const without = missing ? ` without ${printList(missing)}` : '';
      const why = error === undefined ? without : `${without}: ${error}`;
      const remedy = remedies.find(([pattern]) => pattern.test(error ?? ''))?.[1];
      return {
        problem: `gateway ${gateway}: no routes by ${protocol.toUpperCase()} with ${neighbor} ${at}: ${state}${why}`,
        remedy:
          remedy?.(neighbor) ??
          'look at the link to the neighbour, and at both ends: port, password and packet filters; the log is bird.log in /run/mustredirect/host.bird',
      };
    });
}
