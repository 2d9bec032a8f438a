import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import { specOf } from '../../../tests/scenario/play.ts';
import { hostRole } from '../../topology/topology.ts';
import { renderFarEnds } from '../far-end/render-far-ends.ts';
import type { FarEndSystem } from '../far-end/system.ts';
import { renderMember } from './render-routers.ts';

const bgp =
  "routing: { protocol: bgp, as: 65001, neighbor: [172.31.0.1, '2001:db8:31::1'], peer_as: 64496, password_file: /etc/bgp.password, bfd: { interval: 50ms } }";
const ospf =
  'routing: { protocol: ospf, area: 7, hello: 1s, password_file: /etc/bgp.password, bfd: { interval: 50ms } }';

interface Case {
  readonly uplink?: string;
  readonly routing?: string;
  readonly snat?: string;
}

function roleOf({ uplink = bgp, routing = '{ protocol: bgp, bfd: {} }', snat = 'none' }: Case) {
  const spec = specOf(`version: 1
hosts: { node1: [192.168.50.10, 'fd00:50::10'], gw1: [192.168.50.2, 'fd00:50::2'] }
networks: { web: { engine: external, subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'] }, via: office } }
gateways:
  office:
    members: [{ host: gw1, uplink: { device: eth1, ${uplink} } }]
    snat: ${snat}
    routing: ${routing}
`);
  return hostRole(spec, 'gw1');
}

const link = {
  name: 'eth1',
  index: 3,
  ethernet: true,
  addresses: ['172.31.0.2/30', '2001:db8:31::2/64'],
  pointToPoint: false,
};

function farEnd(system: FarEndSystem, given: Case = {}, links = [link]): string[] {
  return renderFarEnds(system, roleOf(given), givenFacts({ links })).split('\n');
}

function member(format: 'bird' | 'frr', given: Case = {}): string[] {
  return renderMember(format, roleOf(given)).split('\n');
}

describe('the upstream router of a member', () => {
  it('that runs FRR gives a default by BGP and accepts the subnets', () => {
    expect(farEnd('frr').filter((line) => !line.includes('2001:') && !line.includes('_6'))).toEqual([
      '! upstream router of gw1, a member of gateway office',
      '! for FRR 8 and later: `vtysh -f FILE`',
      '! replace PASSWORD by the password in /etc/bgp.password on gw1',
      'bfd',
      ' profile mustredirect-50x3',
      '  detect-multiplier 3',
      '  receive-interval 50',
      '  transmit-interval 50',
      ' exit',
      'exit',
      'ip prefix-list office_gw1_4-in seq 5 permit 10.89.4.0/24',
      'ip prefix-list office_gw1_4-out seq 5 permit 0.0.0.0/0',
      'router bgp 64496',
      ' neighbor 172.31.0.2 remote-as 65001',
      ' neighbor 172.31.0.2 description mustredirect: gateway office, member gw1',
      ' neighbor 172.31.0.2 passive',
      ' neighbor 172.31.0.2 password PASSWORD',
      ' neighbor 172.31.0.2 bfd',
      ' neighbor 172.31.0.2 bfd profile mustredirect-50x3',
      ' address-family ipv4 unicast',
      '  neighbor 172.31.0.2 activate',
      '  neighbor 172.31.0.2 default-originate',
      '  neighbor 172.31.0.2 prefix-list office_gw1_4-in in',
      '  neighbor 172.31.0.2 prefix-list office_gw1_4-out out',
      ' exit-address-family',
      ' address-family ipv6 unicast',
      ' exit-address-family',
      'exit',
    ]);
  });

  it('has OSPF with the times of the member, before the area', () => {
    const lines = farEnd('frr', { uplink: ospf });
    expect(lines).toContain('! replace DEVICE by the interface that leads to eth1 of gw1');
    expect(lines.filter((line) => line.startsWith(' ip ospf'))).toEqual([
      ' ip ospf network broadcast',
      ' ip ospf hello-interval 1',
      ' ip ospf dead-interval 4',
      ' ip ospf cost 10',
      ' ip ospf bfd',
      ' ip ospf bfd profile mustredirect-50x3',
      ' ip ospf authentication message-digest',
      ' ip ospf message-digest-key 1 md5 PASSWORD',
      ' ip ospf area 7',
    ]);
    expect(farEnd('bird', { uplink: ospf })).toEqual(
      expect.arrayContaining([
        'protocol ospf v2 office_gw1_4 {',
        'protocol ospf v3 office_gw1_6 {',
        '    import where net ~ [ 10.89.4.0/24 ];',
        '    export where net ~ [ 0.0.0.0/0 ];',
        '  area 7 {',
        '    interface "DEVICE" {',
        '      hello 1;',
        '      dead 4;',
        '        algorithm keyed md5;',
      ]),
    );
  });

  it.each<[FarEndSystem, string[]]>([
    [
      'bird',
      [
        'protocol bgp office_gw1_4 {',
        '  local as 64496;',
        '  neighbor 172.31.0.2 as 65001;',
        '  passive yes;',
        '    import where net ~ [ 10.89.4.0/24 ];',
        '    import where net = 0.0.0.0/0;',
        '    export where net ~ [ 0.0.0.0/0 ];',
      ],
    ],
    [
      'routeros',
      [
        '/routing filter rule add chain=office_gw1_4-in rule="if (dst in 10.89.4.0/24 && dst-len == 24) {accept}"',
        '/routing bgp connection add name=office_gw1_4 as=64496 remote.address=172.31.0.2 remote.as=65001 local.role=ebgp connect=no listen=yes tcp-md5-key="PASSWORD" use-bfd=yes output.default-originate=if-installed output.filter-chain=office_gw1_4-out input.filter=office_gw1_4-in',
        '/routing bfd configuration add addresses=172.31.0.2 min-rx=50ms min-tx=50ms multiplier=3',
      ],
    ],
    [
      'vyos',
      [
        'set protocols bgp system-as 64496',
        'set protocols bgp neighbor 172.31.0.2 remote-as 65001',
        'set protocols bgp neighbor 172.31.0.2 passive',
        'set protocols bgp neighbor 172.31.0.2 address-family ipv4-unicast default-originate',
        'set policy prefix-list office_gw1_4-in rule 10 prefix 10.89.4.0/24',
        'set protocols bfd profile office_gw1_4 interval receive 50',
      ],
    ],
    [
      'ios',
      [
        'router bgp 64496',
        ' neighbor 172.31.0.2 transport connection-mode passive',
        ' neighbor 172.31.0.2 password PASSWORD',
        '  no neighbor 2001:db8:31::2 activate',
        'ipv6 prefix-list office_gw1_6-in seq 5 permit fd89:4::/64',
      ],
    ],
    ['linux', ['# its routing protocol is spoken by a daemon: see `--far-end frr` and `--far-end bird`']],
  ])('that is %s is told the same', (system, lines) => {
    expect(farEnd(system)).toEqual(expect.arrayContaining(lines));
  });

  it.each<[FarEndSystem, string[]]>([
    [
      'routeros',
      [
        '/routing ospf area add name=office_gw1_4 instance=office_gw1_4 area-id=0.0.0.7',
        '/routing ospf interface-template add area=office_gw1_4 interfaces=DEVICE type=broadcast hello-interval=1s dead-interval=4s cost=10 auth=md5 auth-id=1 auth-key="PASSWORD" use-bfd=yes',
      ],
    ],
    [
      'vyos',
      [
        'set protocols ospf interface DEVICE area 7',
        'set protocols ospfv3 interface DEVICE hello-interval 1',
      ],
    ],
    ['ios', ['interface DEVICE', ' ip ospf 136 area 7', ' ip ospf message-digest-key 1 md5 PASSWORD']],
  ])('that is %s speaks OSPF, too', (system, lines) => {
    expect(farEnd(system, { uplink: ospf })).toEqual(expect.arrayContaining(lines));
  });

  it('accepts nothing of a member that masquerades', () => {
    const given = { snat: 'masquerade' };
    expect(farEnd('bird', given)).toContain('    import none;');
    expect(farEnd('frr', given)).toContain('ip prefix-list office_gw1_4-in seq 5 deny any');
    expect(farEnd('ios', given)).toContain('ip prefix-list office_gw1_4-in seq 5 deny 0.0.0.0/0 le 32');
  });

  it('is asked for, where the address of the member is unknown', () => {
    const lines = farEnd('frr', {}, []);
    expect(lines).toContain('! replace MEMBER_IPV4 and MEMBER_IPV6 by the addresses of gw1 on eth1');
    expect(lines).toContain(' neighbor MEMBER_IPV4 remote-as 65001');
  });

  it('at the far end of a tunnel hears the subnets, and has no static routes to them', () => {
    const uplink = `gre: { local: 192.0.2.1, remote: 198.51.100.1 }, addresses: [172.31.0.2/30, '2001:db8:31::2/64'], ${ospf}`;
    const lines = farEnd('vyos', { uplink }, []);
    expect(lines).toContain('set protocols ospf interface tun0 network point-to-point');
    expect(lines.join('\n')).not.toContain('protocols static');
    expect(farEnd('frr', { uplink }, [])).toContain('interface eth1');
    expect(farEnd('ios', { uplink }, [])).toContain(' ip ospf 136 area 7');
  });

  it('is not printed for an uplink without a routing protocol', () => {
    expect(() => farEnd('frr', { uplink: "via: [172.31.0.1, 'fe80::1']" })).toThrow(
      'the file gives gw1 no routing protocol whose far end could be printed',
    );
  });
});

describe('a member that does not run mustredirect', () => {
  it('gives nodes the default of its upstream router, and tells that router their subnets', () => {
    const lines = member('frr');
    expect(lines).toEqual(
      expect.arrayContaining([
        'router bgp 4200000136',
        ' neighbor 192.168.50.10 remote-as 4200000136',
        ' neighbor 192.168.50.10 port 1790',
        ' neighbor 192.168.50.10 ttl-security hops 1',
        ' neighbor 172.31.0.1 local-as 65001 no-prepend replace-as',
        '  neighbor 192.168.50.10 prefix-list office_node1_4-in in',
        'ip prefix-list office_node1_4-in seq 5 permit 10.89.4.0/24',
        ' set metric 100',
      ]),
    );
    expect(lines.join('\n')).not.toMatch(/default-originate|network 0/);
  });

  it('has a default of its own without an upstream router, and announces it while it stands', () => {
    const uplink = "via: [172.31.0.1, 'fe80::1']";
    expect(member('frr', { uplink })).toEqual(
      expect.arrayContaining([
        'ip route 0.0.0.0/0 172.31.0.1',
        'ipv6 route ::/0 fe80::1 eth1',
        '  network 0.0.0.0/0',
        ' bgp network import-check',
      ]),
    );
    expect(member('bird', { uplink })).toEqual(
      expect.arrayContaining([
        '  route 0.0.0.0/0 via 172.31.0.1;',
        '  route ::/0 via fe80::1%eth1;',
        '  local port 1790 as 4200000136;',
        '  ttl security yes;',
      ]),
    );
  });

  it('announces SNAT addresses by OSPF', () => {
    const given = { uplink: ospf, snat: "[203.0.113.7, '2001:db8::7']" };
    expect(member('frr', given)).toEqual(
      expect.arrayContaining([
        'ip route 203.0.113.7/32 blackhole',
        ' redistribute static route-map office_upstream-4',
        'ip prefix-list office_upstream-4 seq 5 permit 203.0.113.7/32',
      ]),
    );
    expect(member('bird', given)).toContain('  route 203.0.113.7/32 unreachable;');
  });

  it('has static ways back where nodes announce nothing', () => {
    const given = { routing: '{ protocol: static }' };
    expect(member('bird', given)).toContain('  route 10.89.4.0/24 via 192.168.50.10;');
    expect(member('frr', given)).toEqual(
      expect.arrayContaining(['router bgp 65001', '  network 10.89.4.0/24']),
    );
  });

  it('reflects with BIRD, and is refused with FRR, when the upstream router is in the AS of the member', () => {
    const uplink = bgp.replace('64496', '65001');
    expect(member('bird', { uplink })).toContain('  rr client;');
    expect(member('frr', { uplink })).toEqual([
      '! gw1, a member of gateway office that does not run mustredirect',
      '! for FRR 8 and later: `vtysh -f FILE`',
      '! FRR cannot speak iBGP in AS 65001 beside AS 4200000136: give the member another AS number than the upstream router',
    ]);
  });

  it('speaks OSPF with nodes as BIRD; FRR cannot', () => {
    const given = { routing: '{ protocol: ospf }', uplink: "via: [172.31.0.1, 'fe80::1']" };
    expect(member('bird', given)).toEqual(
      expect.arrayContaining([
        '# replace DEVICE by the interface that leads to the nodes',
        'protocol ospf v2 office_nodes_4 {',
        '    import where net ~ [ 10.89.4.0/24 ];',
        '      ospf_metric2 = 100;',
        '  area 136 {',
        '      ttl security yes;',
      ]),
    );
    expect(member('frr', given).at(-1)).toContain('FRR cannot send OSPF with a TTL of 255');
  });

  it('is not printed for a gateway with static routes', () => {
    const given = { uplink: "via: [172.31.0.1, 'fe80::1']", routing: '{ protocol: static }' };
    expect(() => member('frr', given)).toThrow('the file gives gw1 no gateway with a routing protocol');
  });
});
