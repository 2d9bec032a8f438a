/** Events with steering by fwmark: loss of a layer or of the mark, and the change to rules by source. */
import { type Event, applyText, on } from './event.ts';
import { both, crowdedFile, exampleFile, missing } from './families.ts';
import { layerEvents, nftTable, rule } from './layers.ts';

const hosts = ['node1', 'gw1'] as const;
const link = { node1: 'eth0', gw1: 'uplink0' } as const;

function event(host: (typeof hosts)[number], name: string, names: readonly string[], run = name): Event {
  return { name, host, steps: [on(host, run)], names };
}

export const markEvents: readonly Event[] = hosts.flatMap((host): Event[] => [
  ...layerEvents(host, 'marked'),
  event(host, 'nft flush ruleset', [nftTable]),
  event(
    host,
    'nft flush map inet mustredirect steer4_24, and steer6_64',
    ['nft set steer4_24', 'nft set steer6_64'],
    'nft flush map inet mustredirect steer4_24; nft flush map inet mustredirect steer6_64',
  ),
  event(
    host,
    'nft flush chain inet mustredirect to4_office, and to6_office',
    ['nft chain to4_office'],
    'nft flush chain inet mustredirect to4_office; nft flush chain inet mustredirect to6_office',
  ),
  {
    name: 'another mark on every packet, after ours',
    host,
    steps: [
      on(
        host,
        'nft "add table inet theirs; add chain inet theirs pre { type filter hook prerouting priority -120; }; add rule inet theirs pre meta mark set 0x2"',
      ),
    ],
    undo: [on(host, 'nft delete table inet theirs')],
  },
  event(
    host,
    'ip rule del preference 4050',
    [missing(4, 'rule 4050')],
    'while ip rule del preference 4050; do :; done 2>/dev/null',
  ),
  event(
    host,
    'ip route flush protocol 136, in main and all tables',
    [missing(4, 'route')],
    both('ip route flush table all protocol 136'),
  ),
  event(
    host,
    `sysctl net.ipv4.conf.${link[host]}.src_valid_mark=0`,
    [`src_valid_mark = 1`],
    `echo 0 >/proc/sys/net/ipv4/conf/${link[host]}/src_valid_mark`,
  ),
  event(
    host,
    'ip rule flush, and the kernel’s own put back',
    [...rule(4100), ...rule(4200)],
    `${both('ip rule flush; ip rule add lookup main preference 32766')}
       ip -4 rule add lookup default preference 32767`,
  ),
  {
    name: 'changed: few networks, by rules again, and many',
    host,
    steps: [applyText(exampleFile), applyText(crowdedFile)],
  },
]);
