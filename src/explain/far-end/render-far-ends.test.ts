import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import { specOf } from '../../../tests/scenario/play.ts';
import { hostRole } from '../../topology/topology.ts';
import { renderFarEnds } from './render-far-ends.ts';
import { type FarEndSystem, tunnelSystems } from './system.ts';

const gre = 'gre: { local: 192.0.2.1, remote: 198.51.100.1, key: 7 }';
const gre6 = "gre: { local: '2001:db8:51::1', remote: '2001:db8:99::1', key: 7 }";
const ipip = 'ipip: { local: 192.0.2.1, remote: 198.51.100.1 }';
const ipip6 = "ipip: { local: '2001:db8:51::1', remote: '2001:db8:99::1' }";

function render(system: FarEndSystem, uplink: string, snat = 'masquerade'): string[] {
  // Masquerade needs an address of the family.
  const has6 = snat !== 'masquerade' || /addresses: \[.*:/.test(uplink);
  const subnets = has6 ? "[10.89.4.0/24, 'fd89:4::/64']" : '[10.89.4.0/24]';
  const spec = specOf(`version: 1
hosts: { node1: [192.168.50.10, 'fd00:50::10'], gw1: [192.168.50.2, 'fd00:50::2'] }
networks: { web: { engine: external, subnets: { node1: ${subnets} }, via: office } }
gateways:
  office:
    members: [{ host: gw1, uplink: { device: gre1, ${uplink} } }]
    snat: ${snat}
`);
  return renderFarEnds(system, hostRole(spec, 'gw1'), givenFacts()).split('\n');
}

function commands(...what: Parameters<typeof render>): string[] {
  return render(...what).filter((line) => !/^[#!]/.test(line));
}

describe('the far end of a gateway that masquerades, with a tunnel network for each family', () => {
  const uplink = `${gre}, addresses: [172.31.0.1/30, '2001:db8:31::1/64']`;
  it.each<[FarEndSystem, string[]]>([
    [
      'linux',
      [
        'ip link add gre1 type gre local 198.51.100.1 remote 192.0.2.1 key 7 ttl 64 pmtudisc',
        'ip link set gre1 mtu 1472 up',
        'ip address add 172.31.0.2/30 dev gre1',
        'ip address add 2001:db8:31::2/64 dev gre1',
        'sysctl -w net.ipv4.ip_forward=1',
        'sysctl -w net.ipv6.conf.all.forwarding=1',
        'nft add table inet far_end',
        "nft add chain inet far_end nat '{ type nat hook postrouting priority srcnat; }'",
        'nft add rule inet far_end nat ip saddr { 172.31.0.1/32 } oifname != gre1 masquerade',
      ],
    ],
    [
      'routeros',
      [
        '/interface gre add name=gre1 local-address=198.51.100.1 remote-address=192.0.2.1 mtu=1472 !keepalive',
        '/ip address add address=172.31.0.2/30 interface=gre1',
        '/ipv6 address add address=2001:db8:31::2/64 interface=gre1',
        '/ip firewall nat add chain=srcnat src-address=172.31.0.1/32 out-interface=!gre1 action=masquerade',
        '/ip firewall filter add chain=input protocol=gre src-address=192.0.2.1 action=accept',
      ],
    ],
    [
      'vyos',
      [
        'set interfaces tunnel tun0 encapsulation gre',
        'set interfaces tunnel tun0 source-address 198.51.100.1',
        'set interfaces tunnel tun0 remote 192.0.2.1',
        'set interfaces tunnel tun0 mtu 1472',
        'set interfaces tunnel tun0 parameters ip key 7',
        'set interfaces tunnel tun0 address 172.31.0.2/30',
        'set interfaces tunnel tun0 address 2001:db8:31::2/64',
        'set nat source rule 100 outbound-interface name UPLINK',
        'set nat source rule 100 source address 172.31.0.1/32',
        'set nat source rule 100 translation address masquerade',
        'commit; save',
      ],
    ],
    [
      'ios',
      [
        'interface Tunnel1',
        ' description gateway office',
        ' ip address 172.31.0.2 255.255.255.252',
        ' ipv6 address 2001:db8:31::2/64',
        ' ip mtu 1472',
        ' ip tcp adjust-mss 1432',
        ' tunnel source 198.51.100.1',
        ' tunnel destination 192.0.2.1',
        ' tunnel mode gre ip',
        ' tunnel key 7',
        ' no keepalive',
        ' ip nat inside',
        'exit',
        'ipv6 unicast-routing',
        'access-list 10 permit 172.31.0.1 0.0.0.0',
        'ip nat inside source list 10 interface UPLINK overload',
        'interface UPLINK',
        ' ip nat outside',
      ],
    ],
    [
      'openwrt',
      [
        "uci set network.gre1='interface'",
        "uci set network.gre1.proto='gre'",
        "uci set network.gre1.ipaddr='198.51.100.1'",
        "uci set network.gre1.peeraddr='192.0.2.1'",
        "uci set network.gre1.mtu='1472'",
        "uci set network.gre1.ttl='64'",
        "uci set network.gre1.ikey='7'",
        "uci set network.gre1.okey='7'",
        "uci set network.gre1_ip='interface'",
        "uci set network.gre1_ip.proto='static'",
        "uci set network.gre1_ip.device='@gre1'",
        "uci add_list network.gre1_ip.ipaddr='172.31.0.2/30'",
        "uci add_list network.gre1_ip.ip6addr='2001:db8:31::2/64'",
        "uci add_list firewall.@zone[0].network='gre1'",
        'uci add firewall rule',
        "uci set firewall.@rule[-1].name='gre1'",
        "uci set firewall.@rule[-1].src='wan'",
        "uci set firewall.@rule[-1].src_ip='192.0.2.1'",
        "uci set firewall.@rule[-1].proto='47'",
        "uci set firewall.@rule[-1].target='ACCEPT'",
        'uci commit',
        'service network reload; service firewall reload',
      ],
    ],
  ])('on %s', (system, expected) => {
    expect(commands(system, uplink)).toEqual(expected);
  });
});

describe('the far end of a gateway without NAT and without numbers', () => {
  it.each<[FarEndSystem, string[]]>([
    ['linux', ['ip route add 10.89.4.0/24 dev gre1', 'ip route add fd89:4::/64 dev gre1']],
    [
      'routeros',
      [
        '/ip route add dst-address=10.89.4.0/24 gateway=gre1',
        '/ipv6 route add dst-address=fd89:4::/64 gateway=gre1',
      ],
    ],
    [
      'vyos',
      [
        'set protocols static route 10.89.4.0/24 interface tun0',
        'set protocols static route6 fd89:4::/64 interface tun0',
      ],
    ],
    ['ios', ['ip route 10.89.4.0 255.255.255.0 Tunnel1', 'ipv6 route fd89:4::/64 Tunnel1']],
    [
      'openwrt',
      [
        "uci set network.@route[-1].target='10.89.4.0/24'",
        "uci set network.@route6[-1].target='fd89:4::/64'",
      ],
    ],
  ])('on %s has routes back, and NAT', (system, routes) => {
    const found = commands(system, gre, 'none');
    expect(found).toEqual(expect.arrayContaining(routes));
    expect(render(system, gre, 'none')).toContainEqual(
      expect.stringContaining(
        'private sources come out, and NAT gives them an address of the far end: 10.89.4.0/24, fd89:4::/64',
      ),
    );
  });
});

describe('the far end of WireGuard', () => {
  const peer = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
  const uplink = `wireguard: { private_key_file: /etc/mustredirect/wg0.key, peer: ${peer}, endpoint: '198.51.100.1:51820' }, addresses: [172.31.0.1/30]`;
  it.each<[FarEndSystem, string[]]>([
    [
      'linux',
      [
        'ip link add gre1 type wireguard',
        '(umask 077; echo PRIVATE_KEY >/etc/wireguard/gre1.key)',
        'wg set gre1 listen-port 51820 private-key /etc/wireguard/gre1.key peer PUBLIC_KEY allowed-ips 172.31.0.1/32',
        'ip link set gre1 mtu 1440 up',
        'ip address add 172.31.0.2/30 dev gre1',
      ],
    ],
    [
      'routeros',
      [
        '/interface wireguard add name=gre1 listen-port=51820 mtu=1440 private-key="PRIVATE_KEY"',
        '/interface wireguard peers add interface=gre1 public-key="PUBLIC_KEY" allowed-address=172.31.0.1/32',
        '/ip address add address=172.31.0.2/30 interface=gre1',
        '/ip firewall filter add chain=input protocol=udp dst-port=51820 action=accept',
      ],
    ],
    [
      'vyos',
      [
        'set interfaces wireguard wg0 private-key PRIVATE_KEY',
        'set interfaces wireguard wg0 port 51820',
        'set interfaces wireguard wg0 peer gateway public-key PUBLIC_KEY',
        'set interfaces wireguard wg0 peer gateway allowed-ips 172.31.0.1/32',
        'set interfaces wireguard wg0 address 172.31.0.2/30',
      ],
    ],
    ['ios', ['! it has no WireGuard']],
    [
      'openwrt',
      [
        "uci set network.gre1.proto='wireguard'",
        "uci set network.gre1.private_key='PRIVATE_KEY'",
        "uci add_list network.gre1.addresses='172.31.0.2/30'",
        'uci add network wireguard_gre1',
        "uci set network.@wireguard_gre1[-1].public_key='PUBLIC_KEY'",
        "uci add_list network.@wireguard_gre1[-1].allowed_ips='172.31.0.1/32'",
        "uci set firewall.@rule[-1].dest_port='51820'",
      ],
    ],
  ])('on %s', (system, expected) => {
    expect(render(system, uplink)).toEqual(expect.arrayContaining(expected));
  });

  it('lets everything in with a routing protocol, whose packets have multicast addresses', () => {
    const routed = `${uplink.replace('/30]', "/30, '2001:db8:31::1/64', 'fe80::1/64']")}, routing: { protocol: ospf }`;
    expect(render('linux', routed, 'none').join('\n')).toContain('allowed-ips 0.0.0.0/0,::/0');
  });

  it('says which keys are to be put in', () => {
    expect(render('linux', uplink)).toEqual(
      expect.arrayContaining([
        `# replace PRIVATE_KEY by the private key whose public half is ${peer}`,
        '# replace PUBLIC_KEY by the public key of the gateway',
        '# firewalls on the way must let UDP to port 51820 of 198.51.100.1 pass',
      ]),
    );
  });

  it.each<[FarEndSystem, string]>([
    ['linux', 'peer PUBLIC_KEY preshared-key /etc/wireguard/gre1.psk allowed-ips 172.31.0.1/32'],
    ['routeros', 'public-key="PUBLIC_KEY" preshared-key="PRESHARED_KEY" allowed-address=172.31.0.1/32'],
    ['vyos', 'set interfaces wireguard wg0 peer gateway preshared-key PRESHARED_KEY'],
    ['openwrt', "uci set network.@wireguard_gre1[-1].preshared_key='PRESHARED_KEY'"],
  ])('on %s has a place for the key that both share', (system, expected) => {
    const shared = uplink.replace(', endpoint', ', preshared_key_file: /etc/mustredirect/wg0.psk, endpoint');
    const text = render(system, shared).join('\n');
    expect(text).toContain(expected);
    expect(text).toContain('replace PRESHARED_KEY by the key in the file of `preshared_key_file`');
    expect(render(system, uplink).join('\n')).not.toMatch(/preshared/i);
  });

  it('lets container networks in without NAT at the gateway', () => {
    expect(render('linux', uplink, 'none').join('\n')).toContain(
      'allowed-ips 10.89.4.0/24,172.31.0.1/32,fd89:4::/64',
    );
  });
});

describe('the far end', () => {
  it.each(tunnelSystems)(
    'on %s has routes to public addresses that the gateway gives, and no NAT',
    (system) => {
      const lines = render(system, gre, "[203.0.113.9, '2001:db8:9::9']");
      expect(lines.join('\n')).toContain('203.0.113.9');
      expect(lines.join('\n')).not.toMatch(/private sources|masquerade$|overload/m);
    },
  );

  it.each<[FarEndSystem, string, string[]]>([
    [
      'linux',
      gre6,
      [
        'ip link add gre1 type ip6gre local 2001:db8:99::1 remote 2001:db8:51::1 key 7 hoplimit 64 encaplimit none',
      ],
    ],
    [
      'linux',
      ipip,
      ['ip link add gre1 type sit mode any local 198.51.100.1 remote 192.0.2.1 ttl 64 pmtudisc'],
    ],
    ['routeros', gre, ['# RouterOS has no keys of GRE: remove `key: 7` from the file first']],
    [
      'routeros',
      ipip,
      [
        '/interface ipip add name=gre1 local-address=198.51.100.1 remote-address=192.0.2.1 mtu=1480 !keepalive',
      ],
    ],
    [
      'vyos',
      gre6,
      [
        'set interfaces tunnel tun0 encapsulation ip6gre',
        'set interfaces tunnel tun0 parameters ipv6 encaplimit none',
      ],
    ],
    ['vyos', ipip, ['# here this type of tunnel carries IPv4 only: write `gre` into the file to carry IPv6']],
    ['ios', gre6, [' tunnel mode gre ipv6', ' ip unnumbered UPLINK', ' ipv6 enable']],
    [
      'ios',
      ipip,
      [
        ' tunnel mode ipip',
        '! here this type of tunnel carries IPv4 only: write `gre` into the file to carry IPv6',
      ],
    ],
    ['ios', ipip6, [' tunnel mode ipv6']],
    [
      'openwrt',
      gre6,
      ["uci set network.gre1.proto='grev6'", "uci set network.gre1.peer6addr='2001:db8:51::1'"],
    ],
    ['openwrt', ipip, ["uci set network.gre1.proto='ipip'", "uci set firewall.@rule[-1].proto='4'"]],
  ])('on %s of %s', (system, uplink, expected) => {
    expect(render(system, uplink, 'none')).toEqual(expect.arrayContaining(expected));
  });

  it('has no commands where the system has no such tunnel', () => {
    expect(render('openwrt', ipip6, 'none')).toEqual([
      '# far end 2001:db8:99::1 of tunnel gre1, the uplink of gateway office on gw1',
      '# for OpenWrt',
      '# it has no tunnel of this type over IPv6 that carries both families: write `gre` into the file',
    ]);
  });

  it('begins with what it is, what to replace, and what must pass', () => {
    const uplink = `${gre}, addresses: [172.31.0.1/30, '2001:db8:31::1/64']`;
    expect(render('ios', uplink).slice(0, 5)).toEqual([
      '! far end 198.51.100.1 of tunnel gre1, the uplink of gateway office on gw1',
      '! for Cisco IOS, in configuration mode',
      '! replace UPLINK by the interface that leads to the Internet',
      '! private sources come out, and NAT gives them an address of the far end: 172.31.0.1/32',
      '! firewalls on the way must let protocol 47 (GRE) pass between 198.51.100.1 and 192.0.2.1',
    ]);
  });

  it('is refused for a host without a tunnel in the file', () => {
    expect(() =>
      renderFarEnds('linux', { host: 'gw1', addresses: [], networks: [], gateways: [] }, givenFacts()),
    ).toThrow('the file gives gw1 no tunnel');
  });
});
