/** Routing daemon of ours: one BIRD for each host, with a configuration that we write. */
import { printList } from '../list.ts';
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import type { RoutingDaemonAction } from './action.ts';
import { type RoutingDaemon, routingDaemonSchema } from './schema.ts';

export const routingDaemonKind: ObjectKind<RoutingDaemon> = {
  name: 'routing-daemon',
  schema: routingDaemonSchema,
  key: () => 'routing-daemon',
  print: printDaemon,
  printDifference: (from, to) => `${printDaemon(to)} (${differenceText(from, to)})`,
  moves: daemonMoves,
};

function printDaemon({ config, stopped }: RoutingDaemon): string {
  const protocols = protocolsOf(config);
  return `routing daemon: BIRD with ${protocols.length} protocols${stopped ? ', stopped' : ''}`;
}

/** Names protocols whose part of the text differs. */
function differenceText(from: RoutingDaemon, to: RoutingDaemon): string {
  if (from.config === to.config) {
    const files = (from.secrets ?? []).filter(({ outdated }) => outdated).map(({ file }) => file);
    if (from.stopped) return 'was stopped';
    return files.length > 0 ? `new password in ${printList(files)}` : 'was running';
  }
  const [before, after] = [sectionsOf(from.config), sectionsOf(to.config)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const differ = names.filter((name) => before.get(name) !== after.get(name));
  return `changes ${printList(differ) || 'options'}${from.stopped ? '; was stopped' : ''}`;
}

function protocolsOf(config: string): string[] {
  return [...sectionsOf(config).keys()].filter((name) => name.startsWith('protocol '));
}

/** Header of each top-level block -> its statements. */
function sectionsOf(config: string): Map<string, string> {
  return new Map(
    [...config.matchAll(/^(\S.*) \{\n([^]*?)\n\}$/gm)].map(([, header = '', body = '']) => [header, body]),
  );
}

function daemonMoves(change: ChangeOf<RoutingDaemon>): Move[] {
  const [from, to] = [
    change.kind === 'add' ? undefined : change.from,
    change.kind === 'remove' ? undefined : change.to,
  ];
  const rank = to ? 'startRouting' : 'stopRouting';
  return [{ rank, do: stateAction(to), undo: stateAction(from) }];
}

function stateAction(state: RoutingDaemon | undefined): RoutingDaemonAction {
  return { kind: 'routing-daemon', ...state };
}
