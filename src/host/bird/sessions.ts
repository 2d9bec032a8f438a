/** Sessions of our BIRD as they are now, read from `birdc`. */
import type { DaemonPlace, Host } from '../ports.ts';
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
}

export interface RoutingState {
  /** by name of the protocol */
  readonly protocols: Readonly<Record<string, ProtocolState>>;
  /** name of an OSPF protocol -> its neighbours: router id and state, such as `Full/DR` */
  readonly neighbors: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** address of the neighbour -> `Up`, `Down`, `Init` */
  readonly bfd: Readonly<Record<string, string>>;
  /** name of the protocol -> destinations that were refused and kept */
  readonly refused: Readonly<Record<string, readonly string[]>>;
}

/** Undefined when BIRD does not answer. */
export async function readRoutingState({ exec, files, daemon }: Host): Promise<RoutingState | undefined> {
  if (!daemon) return undefined;
  const [protocols, bfd, filtered, log] = await Promise.all([
    askBird(exec, daemon, 'show protocols all'),
    askBird(exec, daemon, 'show bfd sessions'),
    askBird(exec, daemon, 'show route filtered table all'),
    readLog(files, daemon),
  ]);
  if (protocols === undefined) return undefined;
  const found = decodeProtocols(protocols, log);
  const neighbors: Record<string, Record<string, string>> = {};
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

async function readLog(files: Host['files'], { folder }: DaemonPlace): Promise<readonly string[]> {
  return ((await files.read(`${folder}/bird.log`)) ?? '').split('\n');
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
      const error = /^ +Last error: +(.*)/m.exec(block)?.[1] ?? lastMessage(log, name);
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

/** `2026-11-29 15:01:41.061 <AUTH> uplink_member_office6: Authentication failed ...` */
function lastMessage(log: readonly string[], name: string): string | undefined {
  const line = log.findLast((one) => one.includes(`> ${name}: `));
  return line?.slice(line.indexOf(`> ${name}: `) + name.length + 4);
}

export function decodeBfd(text: string): Record<string, string> {
  const rows = text.matchAll(/^([0-9a-f.:]+) +\S+ +(Up|Down|Init|AdminDown) /gm);
  return Object.fromEntries([...rows].map(([, address = '', state = '']) => [address, state]));
}

/** @param text output of `show ospf neighbors NAME` */
export function decodeNeighbors(text: string): Record<string, string> {
  const rows = text.matchAll(/^(\d+\.\d+\.\d+\.\d+)\s+\d+\s+(\S+)\s/gm);
  return Object.fromEntries([...rows].map(([, id = '', state = '']) => [id, state]));
}

/** Without routes within an OSPF area, which are the links of its routers: nobody announces those on purpose. */
export function decodeRefused(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const rows = text.matchAll(/^([0-9a-f.:]+\/\d+) +\S+ \[(\S+) [^\]]*\](?! \*? ?I \()/gm);
  for (const [, destination = '', name = ''] of rows) {
    (found[name] ??= []).push(destination);
  }
  return found;
}
