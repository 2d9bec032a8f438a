/** `ip route`: next hops of the packets that a table routes. */
import { ipLine } from '../ip-batch/action.ts';
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import { lastMetric, mainTable, ownProtocol } from '../ownership.ts';
import { familyWord } from '../words.ts';
import { type Route, routeSchema } from './schema.ts';

export const routeKind: ObjectKind<Route> = {
  name: 'route',
  schema: routeSchema,
  key: ({ family, table, destination, metric }) => `route ${family} ${table} ${destination} ${metric}`,
  print: printRoute,
  printDifference: (from, to) => `${printRoute(to)} (was ${targetText(from)})`,
  moves: routeMoves,
};

function printRoute(route: Route): string {
  const where = route.table === mainTable ? '' : ` in table ${route.table}`;
  return `${familyWord(route.family)}route${where}: ${targetText(route)}`;
}

function routeMoves(change: ChangeOf<Route>): Move[] {
  if (change.kind === 'remove') {
    const { from } = change;
    const [remove, add] = [routeLine('delete', from), routeLine('add', from)];
    // Routes to a next hop go first, `unreachable` routes behind them last.
    return [{ rank: 'removeRoute', position: from.metric, do: remove, undo: add }];
  }
  const { to } = change;
  const rank = to.metric === lastMetric ? 'addLastRoute' : 'addRoute';
  return change.kind === 'add'
    ? [{ rank, do: routeLine('add', to), undo: routeLine('delete', to) }]
    : // `replace` is atomic: the table always has a route.
      [{ rank, do: routeLine('replace', to), undo: routeLine('replace', change.from) }];
}

function routeLine(verb: 'add' | 'replace' | 'delete', route: Route): Move['do'] {
  const { family, table, metric } = route;
  const last = metric > 0 ? `metric ${metric} ` : '';
  return ipLine(family, `route ${verb} ${targetText(route)} table ${table} ${last}protocol ${ownProtocol}`);
}

function targetText({ destination, target }: Route): string {
  if (target.kind === 'unreachable') return `unreachable ${destination}`;
  return [
    destination,
    ...(target.via === undefined ? [] : [`via ${target.via}`]),
    ...(target.device === undefined ? [] : [`dev ${target.device}`]),
  ].join(' ');
}
