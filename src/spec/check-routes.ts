/** Routes of networks: to gateways that exist, of packets that can be told apart. */
import { familyOf, prefixLength, families } from '../address/cidr.ts';
import type { Check, Checked } from './check-context.ts';
import { type Selector, mostRanks, rankRoutes, selectorText, selectorsOf, tie } from './route-order.ts';
import { type Path, type PlacedProblem, problemAt, quote } from './tree.ts';

type DraftNetwork = NonNullable<Checked['draft']['networks']>[string];
type DraftRoute = NonNullable<DraftNetwork['routes']>[number];

export const checkRoutes: Check = (checked) => [
  ...checkWord(checked),
  ...Object.entries(checked.draft.networks ?? {}).flatMap(([name, network]) =>
    network.routes?.length || network.direct?.length ? checkNetwork(checked, name, network) : [],
  ),
];

function checkNetwork(checked: Checked, name: string, network: DraftNetwork): PlacedProblem[] {
  return [
    ...(network.routes ?? []).flatMap((route, i) =>
      checkRoute(checked, name, route, ['networks', name, 'routes', i]),
    ),
    ...checkTies(checked, name, network),
    ...checkRanks(checked, name, network),
  ];
}

/** The word of routes would mean two things. */
function checkWord({ draft, keyPlace }: Checked): PlacedProblem[] {
  if (!Object.hasOwn(draft.gateways ?? {}, 'direct')) return [];
  const message = 'direct is reserved for the host’s own routing';
  return [problemAt(keyPlace(['gateways', 'direct']), message, 'give the gateway another name')];
}

function checkRoute(checked: Checked, network: string, route: DraftRoute, path: Path): PlacedProblem[] {
  const { valuePlace, keyPlace, gateways, suggest } = checked;
  const { to = [], proto, ports, via } = route;
  const problems: PlacedProblem[] = [];
  if (gateways && via !== undefined && via !== 'direct' && !gateways.includes(via)) {
    const hint = suggest(via, [...gateways, 'direct'], 'gateways of this file, and the word');
    problems.push(problemAt(valuePlace([...path, 'via']), `unknown gateway ${quote(via)}`, hint));
  }
  if (ports && proto !== 'tcp' && proto !== 'udp') {
    const hint = 'add `proto: tcp` or `proto: udp`; for both, write two routes';
    problems.push(problemAt(keyPlace([...path, 'ports']), 'only tcp and udp have ports', hint));
  }
  if (proto === undefined && !ports && to.every((subnet) => prefixLength(subnet) === 0)) {
    const message = `this route matches all packets of ${network}`;
    const hint = `narrow it with to, proto or ports, or change via of ${network}`;
    problems.push(problemAt(valuePlace(path), message, hint));
  }
  return problems;
}

interface PlacedSelector {
  readonly selector: Selector & { readonly via?: string };
  readonly path: Path;
}

/** Each with each other that has the same destination: a network has few routes, and most differ there. */
function checkTies({ valuePlace }: Checked, name: string, network: DraftNetwork): PlacedProblem[] {
  const known = new Map<string, PlacedSelector[]>();
  return placedSelectors(name, network).flatMap((placed) => {
    const key = `${placed.selector.to} ${placed.selector.proto}`;
    const others = known.get(key) ?? [];
    const other = others.find(({ selector }) => tie(selector, placed.selector));
    others.push(placed);
    known.set(key, others);
    if (!other) return [];
    const line = `line ${valuePlace(other.path).line}`;
    const message = `${selectorText(placed.selector)} of ${name} goes by ${other.selector.via} already (${line})`;
    return [problemAt(valuePlace(placed.path), message, 'remove one of them, or make one more specific')];
  });
}

function placedSelectors(name: string, { direct = [], routes = [] }: DraftNetwork): PlacedSelector[] {
  const path = ['networks', name];
  const first = new Map(direct.map((to, i) => [to, i] as const).reverse());
  return [
    ...[...new Set(direct)].map((to) => ({
      selector: { to, via: 'direct' },
      path: [...path, 'direct', first.get(to) ?? 0],
    })),
    // One that lacks its `via`, or its destinations, is told about already.
    ...routes.flatMap((route, i) =>
      selectorsOf({ ...definedOf(route), via: route.via ?? '?' }).map((selector) => ({
        selector,
        path: [...path, 'routes', i],
      })),
    ),
  ];
}

function definedOf({ to, proto, ports }: DraftRoute) {
  return { ...(to ? { to } : {}), ...(proto === undefined ? {} : { proto }), ...(ports ? { ports } : {}) };
}

function checkRanks({ keyPlace }: Checked, name: string, network: DraftNetwork): PlacedProblem[] {
  const { direct = [], routes = [] } = network;
  const ways = routes.map((route) => ({ ...definedOf(route), via: route.via ?? '?' }));
  return families.flatMap((family) => {
    const ranked = rankRoutes(
      { direct: direct.filter((to) => familyOf(to) === family), routes: ways },
      family,
    );
    // The one to a name server on the gateway comes between them, and parts two that share a rank.
    const ranks = (ranked.at(-1)?.rank ?? 0) + 1 + (network.dns === 'gateway' ? 2 : 0);
    if (ranks <= mostRanks) return [];
    const message = `the IPv${family} routes of ${name} need ${ranks} rule preferences, and ${mostRanks} are reserved for them`;
    const hint = 'remove routes that a wider route to the same gateway covers';
    return [problemAt(keyPlace(['networks', name, 'routes']), message, hint)];
  });
}
