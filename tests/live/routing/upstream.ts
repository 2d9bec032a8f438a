/** FRR as the upstream router of both members, by BGP or OSPF, in both families. */
import { addressesOf } from '../../../src/lab/layout.ts';
import type { FrrDaemon } from './frr.ts';
import { second } from './world.ts';

interface Bfd {
  /** milliseconds */
  readonly interval: number;
  readonly multiplier: number;
}

interface Upstream {
  readonly daemons: readonly FrrDaemon[];
  /** configuration of FRR */
  readonly frr: string;
  /** `routing:` of an uplink in the file; by BGP, its password is in /etc/bgp.password */
  readonly uplink: (neighbors: string) => string;
}

export function bgpUpstream(bfd: Bfd): Upstream {
  return {
    daemons: ['zebra', 'bgpd', 'bfdd'],
    frr: `${bfdProfile(bfd)}
router bgp 64496
 bgp router-id 9.9.9.9
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
${bgpLines(4)}
${bgpLines(6)}
`,
    uplink: (neighbors) =>
      `{ protocol: bgp, as: 65001, neighbor: ${neighbors}, peer_as: 64496, password_file: /etc/bgp.password, ${bfdKey(bfd)} }`,
  };
}

export function ospfUpstream(bfd: Bfd): Upstream {
  return {
    daemons: ['zebra', 'ospfd', 'ospf6d', 'bfdd'],
    frr: `${bfdProfile(bfd)}
router ospf
 ospf router-id 9.9.9.9
 default-information originate always
exit
router ospf6
 ospf6 router-id 9.9.9.9
 default-information originate always
exit
${['gw1', 'gw2'].map(ospfLink).join('\n')}
`,
    uplink: () => `{ protocol: ospf, area: 0, hello: 1s, ${bfdKey(bfd)} }`,
  };
}

function bfdKey({ interval, multiplier }: Bfd): string {
  return `bfd: { interval: ${interval}ms, multiplier: ${multiplier} }`;
}

function bfdProfile({ interval, multiplier }: Bfd): string {
  return `bfd
 profile lab
  detect-multiplier ${multiplier}
  receive-interval ${interval}
  transmit-interval ${interval}
 exit
exit`;
}

function bgpLines(family: 4 | 6): string {
  const neighbors = [addressesOf(family).uplink, second[family].uplink];
  const settings = [
    'remote-as 65001',
    'password secret',
    'bfd',
    'bfd profile lab',
    'advertisement-interval 0',
  ];
  return [
    ...neighbors.flatMap((one) => settings.map((setting) => ` neighbor ${one} ${setting}`)),
    ` address-family ipv${family} unicast`,
    ...neighbors.flatMap((one) => [`  neighbor ${one} activate`, `  neighbor ${one} default-originate`]),
    ' exit-address-family',
  ].join('\n');
}

/** Times come before the area: ospfd starts its wait timer with the dead interval of that moment. */
function ospfLink(device: string): string {
  return `interface ${device}
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf area 0
 ip ospf bfd
 ip ospf bfd profile lab
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 dead-interval 4
 ipv6 ospf6 area 0
 ipv6 ospf6 bfd profile lab
exit`;
}
