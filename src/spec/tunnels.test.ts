import { beforeEach, describe, expect, it } from 'vitest';
import { keyPairs } from '../../tests/given/keys.ts';
import { parseSpec } from './parse.ts';

const [{ privateKey }] = keyPairs;

let snat = 'none';
beforeEach(() => {
  snat = 'none';
});

function fileWith(...uplinks: readonly string[]): string {
  const gateways = uplinks.map(
    (uplink, i) => `  gw${i}:\n    members: [{ host: gw1, uplink: { ${uplink} } }]\n    snat: ${snat}\n`,
  );
  return `version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2 }
networks: { web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: gw0 } }
gateways:
${gateways.join('')}`;
}

function problemsOf(...uplinks: readonly string[]): string[] {
  const parsed = parseSpec(fileWith(...uplinks));
  return parsed.kind === 'spec' ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

const at = 'gateways.gw0.members.0.uplink';
const ends = 'local: 192.0.2.1, remote: 198.51.100.1';

const publicKey = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const wireguard = `private_key_file: /etc/mustredirect/wg0.key, preshared_key_file: /etc/wg0.psk, peer: ${publicKey}, endpoint: '198.51.100.1:51820'`;

describe('a WireGuard tunnel', () => {
  it('has a key file, a peer, an endpoint of either family, and ports and keepalive that the file gives', () => {
    const more = 'listen_port: 51821, persistent_keepalive: 25, mtu: 1400';
    const six = wireguard.replace('198.51.100.1:51820', '[2001:DB8::1]:51820');
    const parsed = parseSpec(fileWith(`device: wg0, wireguard: { ${six}, ${more} }`));
    expect(parsed.kind === 'spec' && parsed.spec.gateways['gw0']?.members[0]?.uplink).toEqual({
      device: 'wg0',
      mtu: 1400,
      tunnel: {
        type: 'wireguard',
        privateKeyFile: '/etc/mustredirect/wg0.key',
        presharedKeyFile: '/etc/wg0.psk',
        peer: publicKey,
        remote: '2001:db8::1',
        remotePort: 51_820,
        listenPort: 51_821,
        keepalive: 25,
      },
    });
  });

  it('may have a link-local address, which OSPF over IPv6 needs', () => {
    const addresses = (more: string): string => `addresses: [172.31.0.1/30, '2001:db8:31::1/64'${more}]`;
    const uplink = (more: string): string =>
      `device: wg0, wireguard: { ${wireguard} }, ${addresses(more)}, routing: { protocol: ospf, area: 0 }`;
    expect(problemsOf(uplink(", 'fe80::1/64'"))).toEqual([]);
    expect(problemsOf(uplink(''))).toEqual([
      `${at}.addresses: OSPF over IPv6 needs a link-local address, and a WireGuard device has none of its own`,
    ]);
    expect(problemsOf(`device: gre1, gre: { ${ends} }, ${addresses(", 'fe80::1/64'")}`)).toEqual([
      `${at}.addresses.2: fe80::1 is a link-local address`,
    ]);
  });

  it.each([
    ['without a port', 'endpoint', "'198.51.100.1'", 'add the port: 198.51.100.1:51820'],
    ['of IPv6 without brackets', 'endpoint', "'2001:db8::1:51820'", undefined],
    ['with a name', 'endpoint', "'vpn.example:51820'", 'write an address'],
    ['with brackets around IPv4', 'endpoint', "'[198.51.100.1]:51820'", undefined],
    ['with port 0', 'endpoint', "'198.51.100.1:0'", undefined],
    ['with port 65536', 'endpoint', "'198.51.100.1:65536'", undefined],
    ['of 43 characters', 'peer', publicKey.slice(1), undefined],
    ['of 33 bytes', 'peer', publicKey.replace('g=', 'h='), undefined],
    ['that is relative', 'private_key_file', 'wg0.key', undefined],
    ['that leads upwards', 'private_key_file', '/etc/../wg0.key', undefined],
    ['with a blank', 'private_key_file', '"/etc/my key"', undefined],
    ['that is the key itself', 'preshared_key_file', privateKey, undefined],
    ['that is the private one', 'preshared_key_file', '/etc/mustredirect/wg0.key', 'into its own file'],
    ['that is too long', 'preshared_key_file', `/${'a'.repeat(199)}/${'b'.repeat(40)}`, undefined],
    ['too long for an alias', 'preshared_key_file', `/${'a'.repeat(240)}`, undefined],
  ])('refuses what is not one: %s', (_, key, value, hint) => {
    const text = wireguard.replace(new RegExp(`${key}: [^,]*`), `${key}: ${value}`);
    const parsed = parseSpec(fileWith(`device: wg0, wireguard: { ${text} }`));
    const problems = parsed.kind === 'problems' ? parsed.problems : [];
    expect(problems.map(({ path }) => path)).toEqual([`${at}.wireguard.${key}`]);
    expect(problems[0]?.hint ?? '').toContain(hint ?? '');
  });

  it.each([
    `private_key_file: ${privateKey}`,
    `private_key: ${privateKey}, private_key_file: /a`,
    `private_key_file: [${privateKey}]`,
    `private_key_file: { ${privateKey}: 1 }`,
    `private_key_file: "${privateKey}`,
    `${privateKey}: 1, ${privateKey}: 2`,
    `*${privateKey}: 1`,
    `listen_port: ${privateKey}, private_key_file: "/${privateKey} "`,
  ])('never repeats a key that stands in the file by mistake', (keys) => {
    const parsed = parseSpec(fileWith(`device: wg0, wireguard: { ${keys}, peer: ${publicKey} }`));
    const problems = parsed.kind === 'problems' ? parsed.problems : [];
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain(privateKey);
  });

  it.each([
    ['port', 'listen_port: 51820', 'wg1 has the same listen_port as wg0 of gateway gw0 (line 6)'],
    ['key and peer', '', 'wg1 has the same key and peer as wg0 of gateway gw0 (line 6)'],
  ])('has its own %s', (what, more, message) => {
    const other = what === 'port' ? wireguard.replace('wg0.key', 'wg1.key') : wireguard;
    const uplinks = [`wg0, wireguard: { ${wireguard}, ${more} }`, `wg1, wireguard: { ${other}, ${more} }`];
    expect(problemsOf(...uplinks.map((uplink) => `device: ${uplink}`))).toEqual([
      `gateways.gw1.members.0.uplink: ${message}`,
    ]);
  });

  it.each<[string, string, string]>([
    [
      'beside another kind',
      `gre: { ${ends} }, wireguard: { ${wireguard} }`,
      'an uplink is one tunnel, and gre is there too',
    ],
    [
      'to a far end inside of it',
      `wireguard: { ${wireguard} }, addresses: [198.51.100.9/24]`,
      '198.51.100.1, the far end, would be reached through the tunnel itself',
    ],
    [
      'to a far end in a redirected network',
      `wireguard: { ${wireguard.replace('198.51.100.1', '10.89.4.9')} }`,
      '10.89.4.9, the far end of the tunnel, lies inside 10.89.4.0/24 of network web',
    ],
  ])('is refused %s', (_, uplink, message) => {
    expect(problemsOf(`device: wg0, ${uplink}`).join()).toContain(message);
  });
});

describe('a tunnel', () => {
  it('has a TTL of 64 and no key unless the file gives them, and its mtu is that of the uplink', () => {
    const parsed = parseSpec(
      fileWith(`device: gre1, gre: { ${ends}, mtu: 1400 }, addresses: [172.31.0.1/30, '2001:DB8::1/64']`),
    );
    expect(parsed.kind === 'spec' && parsed.spec.gateways['gw0']?.members[0]?.uplink).toEqual({
      device: 'gre1',
      mtu: 1400,
      addresses: ['172.31.0.1/30', '2001:db8::1/64'],
      tunnel: { type: 'gre', local: '192.0.2.1', remote: '198.51.100.1', ttl: 64 },
    });
  });

  it.each<[string, string, string[]]>([
    [
      'two kinds',
      `device: t1, gre: { ${ends} }, ipip: { ${ends} }`,
      [`${at}.ipip: an uplink is one tunnel, and gre is there too`],
    ],
    [
      'a device of the kernel',
      `device: tunl0, ipip: { ${ends} }`,
      [`${at}.device: tunl0 is the name of a device that the kernel makes`],
    ],
    [
      'a far end of the other family',
      `device: t1, gre: { local: 192.0.2.1, remote: '2001:db8::1' }`,
      [`${at}.gre.remote: local is IPv4, and remote is IPv6`],
    ],
    [
      'two ends that are one',
      `device: t1, gre: { local: 192.0.2.1, remote: 192.0.2.1 }`,
      [`${at}.gre.remote: local and remote are the same address`],
    ],
    [
      'a far end inside the tunnel',
      `device: t1, gre: { ${ends} }, addresses: [198.51.100.9/24]`,
      [`${at}.addresses.0: 198.51.100.1, the far end, would be reached through the tunnel itself`],
    ],
    [
      'its outer address inside',
      `device: t1, gre: { ${ends} }, addresses: [192.0.2.1/30]`,
      [`${at}.addresses.0: 192.0.2.1 is where the tunnel starts`],
    ],
    [
      'an end in a redirected network',
      `device: t1, gre: { local: 10.89.4.9, remote: 198.51.100.1 }`,
      [
        expect.stringMatching(
          /local: 10\.89\.4\.9, the local end of the tunnel, lies inside 10\.89\.4\.0\/24 of network web/,
        ) as string,
      ],
    ],
    [
      'a multicast end',
      `device: t1, gre: { local: 192.0.2.1, remote: 224.0.0.1 }`,
      [`${at}.gre.remote: 224.0.0.1 is a multicast address`],
    ],
    [
      'addresses of a device that others make',
      'device: t1, addresses: [172.31.0.1/30]',
      [`${at}.addresses: addresses are given to tunnels that mustredirect makes`],
    ],
    [
      'two sizes',
      `device: t1, mtu: 1400, gre: { ${ends}, mtu: 1300 }`,
      [`${at}.gre.mtu: the mtu of the uplink is 1400`],
    ],
    ['no far end', `device: t1, gre: { local: 192.0.2.1 }`, [`${at}.gre.remote: missing key "remote"`]],
    [
      'a key of IPIP',
      `device: t1, ipip: { ${ends}, key: 7 }`,
      [expect.stringMatching(/ipip\.key: unknown key/) as string],
    ],
    [
      'a large key',
      `device: t1, gre: { ${ends}, key: 4294967296 }`,
      [`${at}.gre.key: expected a key from 0 to 4294967295, found the number 4294967296`],
    ],
    [
      'an address without length',
      `device: t1, gre: { ${ends} }, addresses: [172.31.0.1]`,
      [
        `${at}.addresses.0: expected an address with prefix length like 172.31.0.1/30, found the text "172.31.0.1"`,
      ],
    ],
  ])('is refused with %s', (_, uplink, expected) => {
    expect(problemsOf(uplink)).toEqual(expected);
  });

  it('is one device for all gateways of a host, and has ends and key of its own', () => {
    const uplink = `device: t1, gre: { ${ends} }`;
    expect(problemsOf(uplink, uplink)).toEqual([]);
    expect(problemsOf(uplink, 'device: t1')).toEqual([
      'gateways.gw1.members.0.uplink: t1 of gw1 is another tunnel for gateway gw0 (line 6)',
    ]);
    expect(problemsOf(uplink, uplink.replace('t1', 't2'))).toEqual([
      'gateways.gw1.members.0.uplink: t2 has the same ends and key as t1 of gateway gw0 (line 6)',
    ]);
    expect(problemsOf(uplink, `device: t2, gre: { ${ends}, key: 7 }`)).toEqual([]);
  });
});

describe('addresses inside a tunnel', () => {
  const gre = (more: string): string => `device: gre1, gre: { ${ends} }, ${more}`;

  it.each([
    [
      'the first of a network',
      '[172.31.0.0/30]',
      '172.31.0.0 is the address of the network itself 172.31.0.0/30',
    ],
    [
      'the last of a network',
      '[172.31.0.3/30]',
      '172.31.0.3 is the broadcast address of the network 172.31.0.0/30',
    ],
    [
      'the first of an IPv6 network',
      "['2001:db8:31::/64']",
      '2001:db8:31:: is the address of the network itself 2001:db8:31::/64',
    ],
  ])('are those of a host, not %s', (_, addresses, message) => {
    expect(problemsOf(gre(`addresses: ${addresses}`))).toEqual([`${at}.addresses.0: ${message}`]);
  });

  it.each(["[172.31.0.0/31, '2001:db8:31::/127']", '[172.31.0.1/32]', '[172.31.0.1/24, 172.31.1.254/24]'])(
    'may be %s',
    (addresses) => {
      expect(problemsOf(gre(`addresses: ${addresses}`))).toEqual([]);
    },
  );

  it('lead to the next hop, and to the neighbour', () => {
    const inside = 'addresses: [172.31.0.1/30]';
    expect(problemsOf(gre(`${inside}, via: 172.31.0.2`))).toEqual([]);
    expect(problemsOf(gre(`${inside}, via: 172.31.9.9`))).toEqual([
      `${at}.via: 172.31.9.9 is in no network of gre1, by its addresses`,
    ]);
    const bgp = 'routing: { protocol: bgp, as: 1, peer_as: 2, neighbor: 172.31.9.9 }';
    expect(problemsOf(gre(`${inside}, ${bgp}`))).toEqual([
      `${at}.routing.neighbor: 172.31.9.9 is in no network of gre1, by its addresses`,
    ]);
    expect(problemsOf('device: eth1, via: 172.31.9.9')).toEqual([]);
  });

  it('are needed for masquerade, unless the tunnel is there already', () => {
    snat = 'masquerade';
    const needed = `${at}: gre1 has no IPv4 address, which masquerade needs for web`;
    expect(problemsOf(gre('mtu: 1400'))).toEqual([needed]);
    expect(problemsOf(gre("addresses: ['2001:db8:31::1/64']"))).toEqual([needed]);
    expect(problemsOf(gre('addresses: [172.31.0.1/30]'))).toEqual([]);
    expect(problemsOf('device: gre1')).toEqual([]);
    snat = '198.51.100.9';
    expect(problemsOf(gre('mtu: 1400'))).toEqual([]);
  });
});

describe('a hint says what to write instead', () => {
  const hintsOf = (text: string): (string | undefined)[] => {
    const parsed = parseSpec(text);
    return parsed.kind === 'spec' ? [] : parsed.problems.map(({ hint }) => hint);
  };
  const bgp = (keys: string): string =>
    fileWith(`device: eth1, routing: { protocol: bgp, ${keys}, peer_as: 64496 }`);
  const tunnel = (text: string): string => fileWith(`device: wg0, wireguard: { ${text} }`);
  const gateway = (keys: string): string =>
    fileWith('device: eth1').replace('snat: none', `snat: none\n    ${keys}`);
  const members = (text: string): string =>
    text
      .replace('[{ host', '[{ host: gw2, uplink: { device: eth1 } }, { host')
      .replace('gw1: 192', 'gw2: 192.168.50.3, gw1: 192');

  it.each([
    ['a port that is none', tunnel(wireguard.replace('51820', '99999')), 'ports go from 1 to 65535'],
    ['an AS number with AS', bgp('as: AS65001, neighbor: 172.31.0.2'), 'write the number alone: 65001'],
    ['a British neighbour', bgp('as: 65001, neighbour: 172.31.0.2'), 'did you mean "neighbor"?'],
    ['one target', members(gateway('check: { targets: 1.1.1.1 }')), 'write a list: [1.1.1.1]'],
    [
      'targets of IPv6',
      members(gateway("check: { targets: '1.1.1.1, ::2' }")),
      "write a list: [1.1.1.1, '::2']",
    ],
    ['an interval without a unit', members(gateway('check: { interval: 200 }')), 'add the unit: 200ms'],
    ['a time without a unit', members(gateway('check: {}\n    failback: 30')), 'add the unit: 30s'],
    ['seconds with a unit', tunnel(`${wireguard}, persistent_keepalive: 25s`), 'write the number alone: 25'],
    [
      'a relative path',
      tunnel(wireguard.replace('/etc/mustredirect/wg0.key', 'keys/wg0.key')),
      'begin the path with /: a relative one depends on where the command is started',
    ],
    [
      'a key in the file',
      tunnel(wireguard.replace('preshared_key_file: /etc/wg0.psk', `preshared_key: ${privateKey}`)),
      'write preshared_key_file: the path of a file with it, since this file is no secret',
    ],
    [
      'a private key in the file',
      tunnel(wireguard.replace('private_key_file: /etc/mustredirect/wg0.key', `private_key: ${privateKey}`)),
      'write private_key_file: the path of a file with it, since this file is no secret',
    ],
  ])('of %s, once', (_, text, hint) => {
    expect(hintsOf(text)).toEqual([hint]);
  });
});
