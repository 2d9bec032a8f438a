/** Questions to the agent's log: which records are asked for. Pure. */
import type { Network, Spec } from '../../spec/spec.ts';
import { type Level, isAtLeast } from './level.ts';
import type { LoggedRecord } from './record.ts';

export interface LogQuestion {
  /** first and last millisecond since 1970 */
  readonly from: number;
  readonly until: number;
  readonly level: Level;
  readonly about: About;
}

/** Names that a record may have; absent: any. A record without such a name is about the host, and so about all. */
export interface About {
  readonly networks?: readonly string[];
  readonly gateways?: readonly string[];
  readonly members?: readonly string[];
}

export interface AskedNames {
  readonly network?: string | undefined;
  readonly gateway?: string | undefined;
  readonly member?: string | undefined;
}

/** With a network, also its gateways and their members are meant; with a gateway or member, those that belong to it. */
export function aboutOf({ network, gateway, member }: AskedNames, spec: Spec | undefined): About {
  const parts: About[] = [
    ...(network === undefined ? [] : [ofNetwork(network, spec)]),
    ...(gateway === undefined ? [] : [ofGateways([gateway], spec)]),
    ...(member === undefined ? [] : [ofMember(member, spec)]),
  ];
  return parts.reduce<About>((all, one) => {
    const both = (key: keyof About): Partial<About> => {
      const [a, b] = [all[key], one[key]];
      const names = a && b ? a.filter((name) => b.includes(name)) : (a ?? b);
      return names ? { [key]: names } : {};
    };
    return { ...both('networks'), ...both('gateways'), ...both('members') };
  }, {});
}

export function isAsked(record: LoggedRecord, { from, until, level, about }: LogQuestion): boolean {
  const time = Date.parse(record.time);
  if (time < from || time > until || !isAtLeast(record.level, level)) return false;
  const { network, networks = [], gateway, member } = record;
  const isIn = (names: readonly string[] | undefined, ...found: readonly (string | undefined)[]): boolean => {
    const named = found.filter((name) => name !== undefined);
    return !names || named.length === 0 || named.some((name) => names.includes(name));
  };
  return (
    isIn(about.networks, network, ...networks) && isIn(about.gateways, gateway) && isIn(about.members, member)
  );
}

function ofNetwork(name: string, spec: Spec | undefined): About {
  const network = spec && Object.hasOwn(spec.networks, name) ? spec.networks[name] : undefined;
  if (!network) return { networks: [name] };
  const vias = viasOf(network);
  const gateways = [...new Set(vias)].filter((via) => Object.hasOwn(spec?.gateways ?? {}, via));
  const { members } = ofGateways(gateways, spec);
  return { networks: [name], gateways, ...(members ? { members } : {}) };
}

function viasOf({ via, routes = [] }: Network): string[] {
  return [via, ...routes.map((route) => route.via)];
}

function ofGateways(gateways: readonly string[], spec: Spec | undefined): About {
  const found = gateways.flatMap((name) =>
    spec && Object.hasOwn(spec.gateways, name) ? (spec.gateways[name] ?? []) : [],
  );
  if (!spec || found.length === 0) return { gateways };
  const networks = Object.entries(spec.networks)
    .filter(([, network]) => viasOf(network).some((via) => gateways.includes(via)))
    .map(([name]) => name);
  const members = found.flatMap((gateway) => gateway.members.map(({ host }) => host));
  return { networks, gateways, members };
}

function ofMember(member: string, spec: Spec | undefined): About {
  const gateways = Object.entries(spec?.gateways ?? {})
    .filter(([, { members }]) => members.some(({ host }) => host === member))
    .map(([name]) => name);
  if (gateways.length === 0) return { members: [member] };
  return { ...ofGateways(gateways, spec), members: [member] };
}
