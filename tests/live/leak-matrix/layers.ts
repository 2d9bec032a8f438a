/** Removal of each layer, alone and in combination, and the objects that `status --check` must name. */
import { subnetOf } from '../../../src/lab/layout.ts';
import { preferences } from '../../../src/kinds/ownership.ts';
import { on, type Event } from './event.ts';
import { both, families, missing } from './families.ts';

const { steer, closed } = preferences;

/** Table of the example file's gateway, on both hosts. */
export const table = 2184;

export const nftTable = '+ nft table inet mustredirect';
const closedRoute = families.map((family) => missing(family, `route in table ${table}: unreachable default`));

/** iproute2 mistakes IPv6's last unreachable route for one of the kernel, and skips it when flushing. */
const flushed = closedRoute.slice(0, 1);

/** Deletes all rules with a preference. */
function deleteRules(preference: number): string {
  return both(`while ip rule del preference ${preference}; do :; done 2>/dev/null`);
}

export function rule(preference: number): readonly string[] {
  return families.map((family) => missing(family, `rule ${preference}`));
}

const layers = [
  { name: 'steering', run: deleteRules(steer), names: rule(steer) },
  { name: 'prohibit', run: deleteRules(closed), names: rule(closed) },
  {
    name: 'source',
    run: 'ip xfrm policy flush',
    names: families.map((family) => `+ xfrm policy: block what else is forwarded from ${subnetOf(family)}`),
  },
  { name: 'guard', run: 'nft delete table inet mustredirect', names: [nftTable] },
] as const;

/**
 * Combinations of removed layers: each alone, each two, and all but one that works without the others. Without any
 * layer, packets must be seen elsewhere, or the other cells prove nothing. With steering alone, packets keep the
 * engine's masquerade, which the source layer prevents.
 */
const losses = [
  0b0001, 0b0010, 0b0100, 0b1000, 0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b0111, 0b1011, 0b1101, 0b1111,
];
const some = [0b0001, 0b0010, 0b0100, 0b1000, 0b1111];
/**
 * With steering by fwmark, the guard's table sets the mark: without it, only the source layer is left, so both never
 * go.
 */
const marked = losses.filter((bits) => bits === 0b1111 || (bits & 0b1100) !== 0b1100);
const losable = { all: losses, some, marked } as const;

/** @param which all combinations, those that an engine may affect, or those with steering by fwmark */
export function layerEvents(host: 'node1' | 'gw1', which: keyof typeof losable = 'all'): Event[] {
  return losable[which].map((bits) => {
    const lost = layers.filter((_, index) => bits & (1 << index));
    return {
      name: `without ${lost.map(({ name }) => name).join(', ')}`,
      host,
      steps: [on(host, lost.map(({ run }) => run).join('; '))],
      names: lost.flatMap(({ names }) => names),
      ...(lost.length === layers.length ? { leaks: true as const } : {}),
    };
  });
}

/** Sets forwarding of both families: `ip_forward` is for IPv4 only. */
const forward = (value: 0 | 1): string =>
  `echo ${value} >/proc/sys/net/ipv4/ip_forward; echo ${value} >/proc/sys/net/ipv6/conf/all/forwarding`;

/**
 * Events on both hosts: removal of each of our rules, of the table, and of all objects of a kind.
 * @param openRoutes routes of each family, as `status` names them
 */
export function commonEvents(
  host: 'node1' | 'gw1',
  own: readonly number[],
  openRoutes: readonly string[],
): Event[] {
  const rules = own.filter((preference) => preference !== steer && preference !== closed);
  const event = (name: string, names: readonly string[], run = both(name)): Event => ({
    name,
    host,
    steps: [on(host, run)],
    names,
  });
  const sysctls = ['sysctl net.ipv4.ip_forward', 'sysctl net.ipv6.conf.all.forwarding'];
  return [
    ...layerEvents(host),
    ...rules.map((preference) =>
      event(`ip rule del preference ${preference}`, rule(preference), deleteRules(preference)),
    ),
    event(
      'ip rule flush, and the kernel’s own put back',
      own.flatMap(rule),
      `${both('ip rule flush; ip rule add lookup main preference 32766')}
       ip -4 rule add lookup default preference 32767`,
    ),
    event(`ip route del unreachable default table ${table} metric 4294967295`, closedRoute),
    event(
      `ip route del default table ${table}, the open one`,
      openRoutes,
      `ip -4 route del default table ${table} metric 0; ip -6 route del default table ${table} metric 1024`,
    ),
    event(`ip route flush table ${table}`, [...flushed, ...openRoutes]),
    event('nft flush table inet mustredirect', ['nft chain'], 'nft flush table inet mustredirect'),
    event(
      'nft flush chain inet mustredirect guard',
      ['nft chain guard'],
      'nft flush chain inet mustredirect guard',
    ),
    event(
      'nft insert rule inet mustredirect guard accept',
      ['nft chain guard'],
      'nft insert rule inet mustredirect guard accept',
    ),
    event(
      'what systemd-networkd does to foreign routes and rules when it restarts, by ip',
      [...own.flatMap(rule), ...flushed, ...openRoutes],
      both('ip rule flush protocol 136; ip route flush table all protocol 136'),
    ),
    event('forwarding of both families 0', sysctls, forward(0)),
    {
      name: 'forwarding of both families 0, and 1',
      host,
      steps: [on(host, forward(0)), on(host, forward(1))],
    },
  ];
}
