/** What takes away each of the layers, alone and together, and what `status --check` then has to name. */
import { preferences } from '../../../src/state/ownership.ts';
import { on, type Event } from './event.ts';

const { steer, closed } = preferences;

/** Of the example file's gateway, on both hosts. */
export const table = 2184;

export const nftTable = '+ nft table inet mustredirect';
const closedRoute = `+ route in table ${table}: unreachable default`;

export function rule(preference: number): string {
  return `+ rule ${preference}`;
}

const layers = [
  { name: 'steering', run: `ip rule del preference ${steer}`, names: rule(steer) },
  { name: 'prohibit', run: `ip rule del preference ${closed}`, names: rule(closed) },
  { name: 'source', run: 'ip xfrm policy flush', names: '+ xfrm policy: block what else is forwarded' },
  { name: 'guard', run: 'nft delete table inet mustredirect', names: nftTable },
] as const;

/**
 * Each alone, each two, and all but one that does without the others. With none left packets must be seen elsewhere, or
 * each cell above proves nothing. What steering alone lets through is the engine's masquerade: that is what the source
 * layer is for.
 */
const losses = [
  0b0001, 0b0010, 0b0100, 0b1000, 0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b0111, 0b1011, 0b1101, 0b1111,
];
const some = [0b0001, 0b0010, 0b0100, 0b1000, 0b1111];

/** @param which all of them, or only those that an engine may have to do with */
export function layerEvents(host: 'node1' | 'gw1', which: 'all' | 'some' = 'all'): Event[] {
  return (which === 'all' ? losses : some).map((bits) => {
    const lost = layers.filter((_, index) => bits & (1 << index));
    return {
      name: `without ${lost.map(({ name }) => name).join(', ')}`,
      host,
      steps: [on(host, lost.map(({ run }) => run).join('; '))],
      names: lost.map(({ names }) => names),
      ...(lost.length === layers.length ? { leaks: true as const } : {}),
    };
  });
}

/** What both hosts have: each of our rules, the table, and what clears all of a kind. */
export function commonEvents(host: 'node1' | 'gw1', own: readonly number[], openRoute: string): Event[] {
  const rules = own.filter((preference) => preference !== steer && preference !== closed);
  const event = (name: string, names: readonly string[]): Event => ({
    name,
    host,
    steps: [on(host, name)],
    names,
  });
  const kernelRules = 'ip rule add lookup main preference 32766; ip rule add lookup default preference 32767';
  return [
    ...layerEvents(host),
    ...rules.map((preference) => event(`ip rule del preference ${preference}`, [rule(preference)])),
    {
      name: 'ip rule flush, and the kernel’s own put back',
      host,
      steps: [on(host, `ip rule flush; ${kernelRules}`)],
      names: own.map(rule),
    },
    event(`ip route del unreachable default table ${table} metric 4294967295`, [closedRoute]),
    event(`ip route del default table ${table} metric 0`, [openRoute]),
    event(`ip route flush table ${table}`, [closedRoute, openRoute]),
    event('nft flush table inet mustredirect', ['nft chain']),
    event('nft flush chain inet mustredirect guard', ['nft chain guard']),
    event('nft insert rule inet mustredirect guard accept', ['nft chain guard']),
    {
      name: 'what systemd-networkd does to foreign routes and rules when it restarts, by ip',
      host,
      steps: [on(host, 'ip rule flush protocol 136; ip route flush table all protocol 136')],
      names: [...own.map(rule), closedRoute, openRoute],
    },
    event('echo 0 >/proc/sys/net/ipv4/ip_forward', ['sysctl net.ipv4.ip_forward']),
    {
      name: 'net.ipv4.ip_forward 0, and 1',
      host,
      steps: [
        on(host, 'echo 0 >/proc/sys/net/ipv4/ip_forward'),
        on(host, 'echo 1 >/proc/sys/net/ipv4/ip_forward'),
      ],
    },
  ];
}
