/** Checks routes of networks: the gateway exists, and the order of routes is unambiguous. */
import { families, prefixLength } from '../address/cidr.ts';
import type { Check, CheckInput } from './check-context.ts';
import {
  type RouteInput,
  type Selector,
  mostRanks,
  rankRoutes,
  selectorText,
  selectorsOf,
  isAmbiguous,
} from './route-order.ts';
import type { DraftNetwork } from './schema.ts';
import { type Path, type RangedProblem, problemAt, quote } from './tree.ts';

type DraftRoute = NonNullable<DraftNetwork['routes']>[number];

export const checkRoutes: Check = (input) => [
  ...checkReservedName(input),
  ...Object.entries(input.draft.networks ?? {}).flatMap(([name, network]) =>
    network.routes?.length || network.direct?.length ? checkNetwork(input, name, network) : [],
  ),
];

function checkNetwork(input: CheckInput, name: string, network: DraftNetwork): RangedProblem[] {
  return [
    ...(network.routes ?? []).flatMap((route, i) =>
      checkRoute(input, name, route, ['networks', name, 'routes', i]),
    ),
    ...checkAmbiguousRoutes(input, name, network),
    ...checkRankCount(input, name, network),
  ];
}

/** A gateway named `direct` would make routes ambiguous. */
function checkReservedName({ draft, keyPosition }: CheckInput): RangedProblem[] {
  if (!Object.hasOwn(draft.gateways ?? {}, 'direct')) return [];
  const message = 'direct is reserved for the host’s own routing';
  return [problemAt(keyPosition(['gateways', 'direct']), message, 'give the gateway another name')];
}

function checkRoute(input: CheckInput, network: string, route: DraftRoute, path: Path): RangedProblem[] {
  const { valuePosition, keyPosition, gateways, suggest } = input;
  const { to = [], proto, ports, via } = route;
  const problems: RangedProblem[] = [];
  if (gateways && via !== undefined && via !== 'direct' && !gateways.includes(via)) {
    const hint = suggest(via, [...gateways, 'direct'], 'gateways of this file, and the word');
    problems.push(problemAt(valuePosition([...path, 'via']), `unknown gateway ${quote(via)}`, hint));
  }
  if (ports && proto !== 'tcp' && proto !== 'udp') {
    const hint = 'add `proto: tcp` or `proto: udp`; for both, write two routes';
    problems.push(problemAt(keyPosition([...path, 'ports']), 'only tcp and udp have ports', hint));
  }
  if (proto === undefined && !ports && to.every((subnet) => prefixLength(subnet) === 0)) {
    const message = `this route matches all packets of ${network}`;
    const hint = `narrow it with to, proto or ports, or change via of ${network}`;
    problems.push(problemAt(valuePosition(path), message, hint));
  }
  return problems;
}

interface SelectorInFile {
  readonly selector: Selector & { readonly via?: string };
  readonly path: Path;
}

/** Compares routes with the same destination; a network has few routes, and most destinations differ. */
function checkAmbiguousRoutes(
  { valuePosition }: CheckInput,
  name: string,
  network: DraftNetwork,
): RangedProblem[] {
  const known = new Map<string, SelectorInFile[]>();
  return selectorsInFile(name, network).flatMap((entry) => {
    const key = `${entry.selector.to} ${entry.selector.proto}`;
    const others = known.get(key) ?? [];
    const other = others.find(({ selector }) => isAmbiguous(selector, entry.selector));
    others.push(entry);
    known.set(key, others);
    if (!other) return [];
    const line = `line ${valuePosition(other.path).line}`;
    const message = `${selectorText(entry.selector)} of ${name} goes by ${other.selector.via} already (${line})`;
    return [problemAt(valuePosition(entry.path), message, 'remove one of them, or make one more specific')];
  });
}

function selectorsInFile(name: string, { direct = [], routes = [] }: DraftNetwork): SelectorInFile[] {
  const path = ['networks', name];
  const first = new Map(direct.map((to, i) => [to, i] as const).reverse());
  return [
    ...[...new Set(direct)].map((to) => ({
      selector: { to, via: 'direct' },
      path: [...path, 'direct', first.get(to) ?? 0],
    })),
    ...routes.flatMap((route, i) =>
      selectorsOf(routeInput(route)).map((selector) => ({
        selector,
        path: [...path, 'routes', i],
      })),
    ),
  ];
}

/** A missing `via` is reported elsewhere. */
function routeInput({ to, proto, ports, via = '?' }: DraftRoute): RouteInput {
  return {
    ...(to ? { to } : {}),
    ...(proto === undefined ? {} : { proto }),
    ...(ports ? { ports } : {}),
    via,
  };
}

function checkRankCount({ keyPosition }: CheckInput, name: string, network: DraftNetwork): RangedProblem[] {
  const { direct = [], routes = [] } = network;
  return families.flatMap((family) => {
    const ranked = rankRoutes({ direct, routes: routes.map(routeInput) }, family);
    // The route to a name server on the gateway is inserted between them, and splits one rank into two.
    const ranks = (ranked.at(-1)?.rank ?? 0) + 1 + (network.dns === 'gateway' ? 2 : 0);
    if (ranks <= mostRanks) return [];
    const message = `the IPv${family} routes of ${name} need ${ranks} rule preferences, and ${mostRanks} are reserved for them`;
    const hint = 'remove routes that a wider route to the same gateway covers';
    return [problemAt(keyPosition(['networks', name, 'routes']), message, hint)];
  });
}
