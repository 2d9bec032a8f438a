/** Checks that replies of published ports leave by the same gateway, unless a route of the network matches them. */
import { containingSubnets } from '../address/containing-subnets.ts';
import { type Address, familyOf, prefixLength } from '../address/cidr.ts';
import type { Check } from './check-context.ts';
import type { Draft } from './schema.ts';
import { type RangedProblem, problemAt } from './tree.ts';

/** A reply is routed like a packet to the client. A route for some clients or some of their ports is not an error. */
export const checkReplies: Check = (input) => {
  const { draft, openSubnets, valuePosition } = input;
  const catchAlls = catchAllRoutes(draft);
  if (catchAlls.length === 0) return [];
  const networkOf = new Map(openSubnets.map(({ subnet, network }) => [subnet, network]));
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { publish = [] }]) => {
    const subnetOf = containingSubnets(
      [...networkOf.keys()],
      publish.flatMap(({ to }) => to ?? []),
    );
    return publish.flatMap(({ proto = 'tcp', to }, i): RangedProblem[] => {
      const network = to === undefined ? undefined : networkOf.get(subnetOf.get(to) ?? '');
      if (to === undefined || network === undefined || draft.networks?.[network]?.via !== gateway) return [];
      const catchAll = catchAlls.find((one) => one.network === network && one.matches(proto, to));
      if (!catchAll || sharesUplink(draft, gateway, catchAll.via)) return [];
      const line = `line ${valuePosition(['networks', network, 'routes', catchAll.i]).line}`;
      const message = `replies of ${to} would leave by ${catchAll.via}: a route of ${network} matches them (${line})`;
      const hint = 'give the route destinations or ports, or publish no port of this network';
      return [problemAt(valuePosition(['gateways', gateway, 'publish', i, 'to']), message, hint)];
    });
  });
};

interface CatchAllRoute {
  readonly network: string;
  readonly via: string;
  readonly i: number;
  readonly matches: (proto: 'tcp' | 'udp', replying: Address) => boolean;
}

/** Routes that match every packet of a protocol or of a family. */
function catchAllRoutes({ networks = {} }: Draft): CatchAllRoute[] {
  return Object.entries(networks).flatMap(([network, { routes = [] }]) =>
    routes.flatMap(({ to = [], proto, ports = [], via }, i): CatchAllRoute[] => {
      if (via === undefined || ports.length > 0) return [];
      const matches: CatchAllRoute['matches'] = (ofPort, replying) =>
        (proto === undefined || proto === ofPort) &&
        (to.length === 0 ||
          to.some((subnet) => prefixLength(subnet) === 0 && familyOf(subnet) === familyOf(replying)));
      return [{ network, via, i, matches }];
    }),
  );
}

/** Whether both gateways send by the same device of the same host, whose conntrack knows the connection. */
function sharesUplink({ gateways = {} }: Draft, one: string, other: string): boolean {
  if (one === other) return true;
  if (!Object.hasOwn(gateways, other)) return other !== 'direct';
  const [a, b] = [one, other].map((gateway) => gateways[gateway]?.members?.[0]);
  return a?.host === b?.host && a?.uplink?.device === b?.uplink?.device;
}
