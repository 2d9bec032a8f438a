/** Answers of published ports leave by the gateway that was called, unless a route of the network takes them elsewhere. */
import { subnetsAround } from '../address/around.ts';
import { type Address, familyOf, prefixLength } from '../address/cidr.ts';
import type { Check, Checked } from './check-context.ts';
import { type PlacedProblem, problemAt } from './tree.ts';

type Draft = Checked['draft'];

/** An answer goes where a packet to the caller would go. A route for some callers, or for some of their ports, is no mistake. */
export const checkAnswers: Check = (checked) => {
  const { draft, openSubnets, valuePlace } = checked;
  const takers = takersOf(draft);
  if (takers.length === 0) return [];
  const networkOf = new Map(openSubnets.map(({ subnet, network }) => [subnet, network]));
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { publish = [] }]) => {
    const around = subnetsAround(
      [...networkOf.keys()],
      publish.flatMap(({ to }) => to ?? []),
    );
    return publish.flatMap(({ proto = 'tcp', to }, i): PlacedProblem[] => {
      const network = to === undefined ? undefined : networkOf.get(around.get(to) ?? '');
      if (to === undefined || network === undefined || draft.networks?.[network]?.via !== gateway) return [];
      const taker = takers.find((one) => one.network === network && one.takes(proto, to));
      if (!taker || isOneExit(draft, gateway, taker.via)) return [];
      const line = `line ${valuePlace(['networks', network, 'routes', taker.i]).line}`;
      const message = `replies of ${to} would leave by ${taker.via}: a route of ${network} matches them (${line})`;
      const hint = 'give the route destinations or ports, or publish no port of this network';
      return [problemAt(valuePlace(['gateways', gateway, 'publish', i, 'to']), message, hint)];
    });
  });
};

interface Taker {
  readonly network: string;
  readonly via: string;
  readonly i: number;
  readonly takes: (proto: 'tcp' | 'udp', answering: Address) => boolean;
}

/** Routes that take every packet of a protocol, or of a family. */
function takersOf({ networks = {} }: Draft): Taker[] {
  return Object.entries(networks).flatMap(([network, { routes = [] }]) =>
    routes.flatMap(({ to = [], proto, ports = [], via }, i): Taker[] => {
      if (via === undefined || ports.length > 0) return [];
      const takes: Taker['takes'] = (ofPort, answering) =>
        (proto === undefined || proto === ofPort) &&
        (to.length === 0 ||
          to.some((subnet) => prefixLength(subnet) === 0 && familyOf(subnet) === familyOf(answering)));
      return [{ network, via, i, takes }];
    }),
  );
}

/** What both send leaves by one device of one host, which knows whom it answers. */
function isOneExit({ gateways = {} }: Draft, one: string, other: string): boolean {
  if (one === other) return true;
  if (!Object.hasOwn(gateways, other)) return other !== 'direct';
  const [a, b] = [one, other].map((gateway) => gateways[gateway]?.members?.[0]);
  return a?.host === b?.host && a?.uplink?.device === b?.uplink?.device;
}
