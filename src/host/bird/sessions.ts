/** Sessions of our BIRD as they are now, read from `birdc`. */
import type { Host } from '../ports.ts';
import { askBird } from './daemon.ts';

export interface ProtocolState {
  readonly kind: 'BGP' | 'OSPF';
  /** `Established`, `Running`; `Alone` for OSPF without a neighbour */
  readonly state: string;
  readonly up: boolean;
  /** time of the last change of state */
  readonly since: string;
  readonly accepted: number;
  readonly announced: number;
  /** routes that were refused, not all of which are kept */
  readonly refused: number;
  /** BIRD's last error, or its last message about the protocol */
  readonly error?: string;
  /** BGP: the neighbour does not offer the family of the session */
  readonly withoutFamily?: true;
}

export interface OspfNeighbor {
  /** `Full/DR`, `ExStart/BDR` */
  readonly state: string;
  /** link-local in version 3 */
  readonly address: string;
}

export interface RefusedRoute {
  readonly destination: string;
  /** OSPF: id of the router that announces it */
  readonly router?: string;
}

export interface RoutingState {
  /** by name of the protocol */
  readonly protocols: Readonly<Record<string, ProtocolState>>;
  /** name of an OSPF protocol -> its neighbours by router id */
  readonly neighbors: Readonly<Record<string, Readonly<Record<string, OspfNeighbor>>>>;
  /** address of the neighbour -> `Up`, `Down`, `Init` */
  readonly bfd: Readonly<Record<string, string>>;
  /** name of the protocol -> routes that were refused and kept */
  readonly refused: Readonly<Record<string, readonly RefusedRoute[]>>;
}

/** Undefined when BIRD does not answer. */
export async function readRoutingState({ exec, files, daemon }: Host): Promise<RoutingState | undefined> {
  if (!daemon) return undefined;
  const [protocols, bfd, filtered, log] = await Promise.all([
    askBird(exec, daemon, 'show protocols all'),
    askBird(exec, daemon, 'show bfd sessions'),
    askBird(exec, daemon, 'show route filtered table all'),
    readLog({ files, daemon }),
  ]);
  if (protocols === undefined) return undefined;
  const found = decodeProtocols(protocols, log.split('\n'));
  const neighbors: Record<string, Record<string, OspfNeighbor>> = {};
  for (const [name, { kind }] of Object.entries(found)) {
    if (kind !== 'OSPF') continue;
    neighbors[name] = decodeNeighbors((await askBird(exec, daemon, `show ospf neighbors ${name}`)) ?? '');
  }
  return {
    protocols: found,
    neighbors,
    bfd: decodeBfd(bfd ?? ''),
    refused: decodeRefused(filtered ?? ''),
  };
}

/** Text of BIRD's log, which begins anew when it has become long. */
export async function readLog({ files, daemon }: Pick<Host, 'files' | 'daemon'>): Promise<string> {
  return (daemon && (await files.read(`${daemon.folder}/bird.log`))) ?? '';
}

/** Messages about a protocol in the lines that a log has got. */
export function newMessages(before: string, after: string, name: string): string[] {
  const added = after.startsWith(before) ? after.slice(before.length) : after;
  return added.split('\n').flatMap((line) => messageIn(line, name) ?? []);
}

/** @param text output of `show protocols all` */
export function decodeProtocols(text: string, log: readonly string[]): Record<string, ProtocolState> {
  const blocks = text.split(/^(?=\S)/m);
  return Object.fromEntries(
    blocks.flatMap((block) => {
      const [, name = '', kind = '', state = '', since = '', info = ''] =
        /^(\S+) +(\S+) +\S+ +(\S+) +(\S+) *(.*)/.exec(block) ?? [];
      if (kind !== 'BGP' && kind !== 'OSPF') return [];
      const [word = state] = info.split(/\s/);
      const up = word === 'Established' || word === 'Running';
      const error = errorOf(/^ +Last error: +(.*)/m.exec(block)?.[1], lastMessage(log, name));
      return [
        [
          name,
          {
            kind,
            state: word === '' ? state : word,
            up,
            since,
            accepted: numberBefore(block, 'imported'),
            announced: numberBefore(block, 'exported'),
            refused: Math.max(numberBefore(block, 'filtered'), filteredUpdates(block)),
            ...(up || error === undefined ? {} : { error }),
            ...(up && /^ {2}Channel .*\n +State: +DOWN/m.test(block) ? { withoutFamily: true as const } : {}),
          },
        ],
      ];
    }),
  );
}

function numberBefore(block: string, word: string): number {
  const routes = /^ +Routes: +(.*)/m.exec(block)?.[1] ?? '';
  return Number(new RegExp(`(\\d+) ${word}`).exec(routes)?.[1] ?? 0);
}

/** Routes of an upstream router that are refused are not kept, only counted. */
function filteredUpdates(block: string): number {
  return Number(/^ +Import updates: +\d+ +\d+ +(\d+)/m.exec(block)?.[1] ?? 0);
}

/** The log has more than the state: `Bad peer AS: 65001` instead of `Bad peer AS`. */
function errorOf(error: string | undefined, message: string | undefined): string | undefined {
  if (error === undefined) return message;
  const said = error.replace(/^BGP Error/, 'Error');
  return message?.startsWith(said) ? message : error;
}

function lastMessage(log: readonly string[], name: string): string | undefined {
  const line = log.findLast((one) => one.includes(`> ${name}: `)) ?? '';
  return messageIn(line, name);
}

/** `2026-11-29 15:01:41.061 <AUTH> uplink_member_office6: Authentication failed ...` */
function messageIn(line: string, name: string): string | undefined {
  const start = line.indexOf(`> ${name}: `);
  return start < 0 ? undefined : line.slice(start + name.length + 4);
}

export function decodeBfd(text: string): Record<string, string> {
  const rows = text.matchAll(/^([0-9a-f.:]+) +\S+ +(Up|Down|Init|AdminDown) /gm);
  return Object.fromEntries([...rows].map(([, address = '', state = '']) => [address, state]));
}

/** @param text output of `show ospf neighbors NAME` */
export function decodeNeighbors(text: string): Record<string, OspfNeighbor> {
  const rows = text.matchAll(/^(\d+\.\d+\.\d+\.\d+)\s+\d+\s+(\S+)\s+\S+\s+\S+\s+(\S+)/gm);
  return Object.fromEntries(
    [...rows].map(([, id = '', state = '', address = '']) => [id, { state, address }]),
  );
}

/**
 * Without routes within an OSPF area, which are the links of its routers: nobody announces those on purpose. A route
 * of OSPF ends with the id of its router.
 */
export function decodeRefused(text: string): Record<string, RefusedRoute[]> {
  const found: Record<string, RefusedRoute[]> = {};
  const rows = text.matchAll(/^([0-9a-f.:]+\/\d+) +\S+ \[(\S+) [^\]]*\](?! \*? ?I \()(.*)/gm);
  for (const [, destination = '', name = '', rest = ''] of rows) {
    const router = /\[(\d+\.\d+\.\d+\.\d+)\]/.exec(rest)?.[1];
    (found[name] ??= []).push({ destination, ...(router === undefined ? {} : { router }) });
  }
  return found;
}
