import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

const rightFile = `version: 1
hosts:
  node1: 192.168.50.10
  gw1: 192.168.50.2
networks:
  web:
    engine: podman
    subnets:
      node1: 10.89.4.0/24
    via: office
    direct: [192.168.50.0/24]
gateways:
  office:
    members:
      - host: gw1
        uplink: { device: gre1 }
    snat: masquerade
    table: 0x888
`;

type Edit = readonly [from: string, to: string];

interface Case {
  readonly mistake: string;
  readonly edits: readonly Edit[];
  readonly output: readonly string[];
}

function edited(edits: readonly Edit[]): string {
  return edits.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, () => to);
  }, rightFile);
}

function report(text: string): string {
  const parsed = parseSpec(text);
  return parsed.kind === 'spec' ? 'no problem' : formatProblems(parsed.problems, text, 'f.yaml');
}

describe('keys', () => {
  it.each<Case>([
    {
      mistake: 'an unknown key near a known one',
      edits: [['    via:', '    vai:']],
      output: [
        'f.yaml:10:5: networks.web.vai: unknown key "vai"',
        '        vai: office',
        '        ^',
        '    hint: did you mean "via"?',
      ],
    },
    {
      mistake: 'an unknown key unlike all known ones',
      edits: [['    snat: masquerade', '    address: masquerade']],
      output: [
        'f.yaml:17:5: gateways.office.address: unknown key "address"',
        '        address: masquerade',
        '        ^',
        '    hint: known keys: members, mode, failback, flows, check, snat, table, mark, and 4 more',
      ],
    },
    {
      mistake: 'an unknown key at the top',
      edits: [
        [
          'version: 1',
          `version: 1
host: {}`,
        ],
      ],
      output: [
        'f.yaml:2:1: host: unknown key "host"',
        '    host: {}',
        '    ^',
        '    hint: did you mean "hosts"?',
      ],
    },
    {
      mistake: 'a merge key',
      edits: [
        [
          '    engine: podman',
          `    engine: podman
    <<: {}`,
        ],
      ],
      output: [
        'f.yaml:8:5: networks.web."<<": unknown key "<<"',
        '        <<: {}',
        '        ^',
        '    hint: merge keys are not supported: write the keys out',
      ],
    },
    {
      mistake: 'a duplicate key',
      edits: [
        [
          '    via: office',
          `    via: office
    via: other`,
        ],
      ],
      output: [
        'f.yaml:11:5: networks.web.via: duplicate key "via": the first one is on line 10',
        '        via: other',
        '        ^',
        '    hint: remove one of them, or give it another name',
      ],
    },
    {
      mistake: 'a missing key',
      edits: [
        [
          `    engine: podman
`,
          '',
        ],
      ],
      output: [
        'f.yaml:6:3: networks.web.engine: missing key "engine"',
        '      web:',
        '      ^',
        '    hint: add "engine: ..." with podman, docker, nerdctl, cni or external',
      ],
    },
    {
      mistake: 'a missing key at the top',
      edits: [
        [
          `version: 1
`,
          '',
        ],
      ],
      output: [
        'f.yaml:1:1: version: missing key "version"',
        '    hosts:',
        '    ^',
        '    hint: add "version: ..." with 1, the version of this format',
      ],
    },
    {
      mistake: 'a key without a value',
      edits: [['via: office', 'via:']],
      output: [
        'f.yaml:10:5: networks.web.via: expected the name of a gateway, found nothing',
        '        via:',
        '        ^',
      ],
    },
    {
      mistake: 'a name that podman refuses',
      edits: [['  web:', '  "my web":']],
      output: [
        'f.yaml:6:3: networks."my web": a name begins with a letter or digit, goes on with letters, digits, "_", "." and "-", and has at most 64 characters',
        '      "my web":',
        '      ^',
      ],
    },
    {
      mistake: 'a name of a JavaScript property',
      edits: [['  web:', '  __proto__:']],
      output: [
        'f.yaml:6:3: networks.__proto__: a key must be a plain word',
        '      __proto__:',
        '      ^',
        '    hint: write "name: value"',
      ],
    },
  ])('$mistake', ({ edits, output }) => {
    expect(report(edited(edits)).split('\n')).toEqual(output);
  });
});

describe('values', () => {
  it.each<Case>([
    {
      mistake: 'a later version',
      edits: [['version: 1', 'version: 2']],
      output: [
        'f.yaml:1:10: version: expected 1, the version of this format, found the number 2',
        '    version: 2',
        '             ^',
      ],
    },
    {
      mistake: 'a version in quotes',
      edits: [['version: 1', 'version: "1"']],
      output: [
        'f.yaml:1:10: version: expected 1, the version of this format, found the text "1"',
        '    version: "1"',
        '             ^',
        '    hint: take the quotes off',
      ],
    },
    {
      mistake: 'accept_replies with an engine that drops no replies',
      edits: [['    via: office', '    via: office\n    accept_replies: true']],
      output: [
        'f.yaml:11:5: networks.web.accept_replies: accept_replies is for docker: engine podman does not drop replies',
        '        accept_replies: true',
        '        ^',
        '    hint: remove it',
      ],
    },
    {
      mistake: 'accept_replies with another value',
      edits: [
        ['engine: podman', 'engine: docker'],
        ['    via: office', '    via: office\n    accept_replies: yes'],
      ],
      output: [
        'f.yaml:11:21: networks.web.accept_replies: expected true or false, found the text "yes"',
        '        accept_replies: yes',
        '                        ^',
      ],
    },
    {
      mistake: 'a bridge with an engine that names its own',
      edits: [['    via: office', '    via: office\n    bridge: br0']],
      output: [
        'f.yaml:11:5: networks.web.bridge: bridge is for external: engine podman reports the bridge of its networks itself',
        '        bridge: br0',
        '        ^',
        '    hint: remove it',
      ],
    },
    {
      mistake: 'a bridge with an invalid name',
      edits: [
        ['engine: podman', 'engine: external'],
        ['    via: office', '    via: office\n    bridge: "br 0"'],
      ],
      output: [
        'f.yaml:11:13: networks.web.bridge: expected the device name of a bridge, found the text "br 0"',
        '        bridge: "br 0"',
        '                ^',
        '    hint: a device name has 1 to 15 letters, digits, "_", ".", "+", "=" and "-"',
      ],
    },
    {
      mistake: 'a bridge that is a number',
      edits: [
        ['engine: podman', 'engine: external'],
        ['    via: office', '    via: office\n    bridge: 7'],
      ],
      output: [
        'f.yaml:11:13: networks.web.bridge: expected the device name of a bridge, found the number 7',
        '        bridge: 7',
        '                ^',
      ],
    },
    {
      mistake: 'an unknown engine',
      edits: [['podman', 'podmann']],
      output: [
        'f.yaml:7:13: networks.web.engine: expected podman, docker, nerdctl, cni or external, found the text "podmann"',
        '        engine: podmann',
        '                ^',
        '    hint: did you mean "podman"?',
      ],
    },
    {
      mistake: 'a list where a map belongs',
      edits: [
        [
          `  node1: 192.168.50.10
  gw1: 192.168.50.2`,
          '  - 192.168.50.10',
        ],
      ],
      output: [
        'f.yaml:3:3: hosts: expected a map of host names to their addresses, found a list',
        '      - 192.168.50.10',
        '      ^',
      ],
    },
    {
      mistake: 'a text where a list belongs',
      edits: [['[192.168.50.0/24]', '192.168.50.0/24']],
      output: [
        'f.yaml:11:13: networks.web.direct: expected a list of subnets, found the text "192.168.50.0/24"',
        '        direct: 192.168.50.0/24',
        '                ^',
        '    hint: write a list: [192.168.50.0/24]',
      ],
    },
    {
      mistake: 'a text where a map belongs',
      edits: [['{ device: gre1 }', 'gre1']],
      output: [
        'f.yaml:16:17: gateways.office.members.0.uplink: expected a map with device, and with via on a link that has neighbours, found the text "gre1"',
        '            uplink: gre1',
        '                    ^',
      ],
    },
    {
      mistake: 'a host address with a prefix length',
      edits: [
        [
          `192.168.50.2
`,
          `192.168.50.2/24
`,
        ],
      ],
      output: [
        'f.yaml:4:8: hosts.gw1: expected an IPv4 or IPv6 address, found the text "192.168.50.2/24"',
        '      gw1: 192.168.50.2/24',
        '           ^',
        '    hint: write 192.168.50.2, without a prefix length',
      ],
    },
    {
      mistake: 'a host name where an address belongs',
      edits: [
        [
          `192.168.50.2
`,
          `gw1.example.org
`,
        ],
      ],
      output: [
        'f.yaml:4:8: hosts.gw1: expected an IPv4 or IPv6 address, found the text "gw1.example.org"',
        '      gw1: gw1.example.org',
        '           ^',
      ],
    },
    {
      mistake: 'an unquoted IPv6 address, which YAML reads as a number',
      edits: [
        [
          `192.168.50.2
`,
          `192.168
`,
        ],
      ],
      output: [
        'f.yaml:4:8: hosts.gw1: expected an address, or a list of one address per family, found the number 192.168',
        '      gw1: 192.168',
        '           ^',
      ],
    },
    {
      mistake: 'an address in a list',
      edits: [
        [
          `192.168.50.2
`,
          `[192.168.50.2, 192.168.50]
`,
        ],
      ],
      output: [
        'f.yaml:4:23: hosts.gw1.1: expected an IPv4 or IPv6 address, found the text "192.168.50"',
        '      gw1: [192.168.50.2, 192.168.50]',
        '                          ^',
      ],
    },
    {
      mistake: 'an empty list of addresses',
      edits: [
        [
          `192.168.50.2
`,
          `[]
`,
        ],
      ],
      output: [
        'f.yaml:4:8: hosts.gw1: expected an address, or a list of one address per family, found an empty list',
        '      gw1: []',
        '           ^',
      ],
    },
    {
      mistake: 'a subnet with host bits',
      edits: [['10.89.4.0/24', '10.89.4.1/24']],
      output: [
        'f.yaml:9:14: networks.web.subnets.node1: 10.89.4.1/24 has host bits set',
        '          node1: 10.89.4.1/24',
        '                 ^',
        '    hint: write 10.89.4.0/24',
      ],
    },
    {
      mistake: 'a subnet without a prefix length',
      edits: [['10.89.4.0/24', '10.89.4.0']],
      output: [
        'f.yaml:9:14: networks.web.subnets.node1: expected a subnet like 10.89.4.0/24, found the text "10.89.4.0"',
        '          node1: 10.89.4.0',
        '                 ^',
        '    hint: add the prefix length: 10.89.4.0/32 is this one address, a container network is often a /24',
      ],
    },
    {
      mistake: 'a prefix length too long',
      edits: [['10.89.4.0/24', '10.89.4.0/33']],
      output: [
        'f.yaml:9:14: networks.web.subnets.node1: expected a subnet like 10.89.4.0/24, found the text "10.89.4.0/33"',
        '          node1: 10.89.4.0/33',
        '                 ^',
      ],
    },
    {
      mistake: 'no subnets',
      edits: [
        [
          `
      node1: 10.89.4.0/24`,
          ' {}',
        ],
      ],
      output: [
        'f.yaml:8:14: networks.web.subnets: expected at least one host with its subnet, found an empty map',
        '        subnets: {}',
        '                 ^',
      ],
    },
    {
      mistake: 'a device name too long',
      edits: [['gre1', 'a-device-name-too-long']],
      output: [
        'f.yaml:16:27: gateways.office.members.0.uplink.device: expected the name of a network device, found the text "a-device-name-too-long"',
        '            uplink: { device: a-device-name-too-long }',
        '                              ^',
        '    hint: a device name has 1 to 15 letters, digits, "_", ".", "+", "=" and "-"',
      ],
    },
    {
      mistake: 'a device as ip prints it',
      edits: [['gre1', '"eth0@if7"']],
      output: [
        'f.yaml:16:27: gateways.office.members.0.uplink.device: expected the name of a network device, found the text "eth0@if7"',
        '            uplink: { device: "eth0@if7" }',
        '                              ^',
        '    hint: write eth0: what follows the @ is not part of the name',
      ],
    },
    {
      mistake: 'a device with a wildcard',
      edits: [['gre1', '"eth*"']],
      output: [
        'f.yaml:16:27: gateways.office.members.0.uplink.device: expected the name of a network device, found the text "eth*"',
        '            uplink: { device: "eth*" }',
        '                              ^',
        '    hint: a device name has 1 to 15 letters, digits, "_", ".", "+", "=" and "-"',
      ],
    },
    {
      mistake: 'two name servers of one family',
      edits: [['    via: office', '    via: office\n    dns: [9.9.9.9, 1.1.1.1]']],
      output: [
        'f.yaml:11:20: networks.web.dns.1: web has two IPv4 name servers, 9.9.9.9 and 1.1.1.1',
        '        dns: [9.9.9.9, 1.1.1.1]',
        '                       ^',
        '    hint: keep the one that it is to ask',
      ],
    },
    {
      mistake: 'a name server inside a redirected subnet',
      edits: [['    via: office', '    via: office\n    dns: 10.89.4.53']],
      output: [
        'f.yaml:11:10: networks.web.dns: 10.89.4.53, the name server, lies inside 10.89.4.0/24 of network web on node1 (line 9)',
        '        dns: 10.89.4.53',
        '             ^',
        '    hint: only containers can have addresses in there',
      ],
    },
    {
      mistake: 'no name server of the subnet’s family',
      edits: [['    via: office', '    via: office\n    dns: 2620:fe::fe']],
      output: [
        'f.yaml:11:10: networks.web.dns: dns has no IPv4 address, and web has an IPv4 subnet',
        '        dns: 2620:fe::fe',
        '             ^',
        '    hint: add one, or write gateway',
      ],
    },
    {
      mistake: 'an MTU that no link has',
      edits: [['gre1 }', 'gre1, mtu: 64 }']],
      output: [
        'f.yaml:16:38: gateways.office.members.0.uplink.mtu: expected an MTU from 576 to 65535, found the number 64',
        '            uplink: { device: gre1, mtu: 64 }',
        '                                         ^',
      ],
    },
    {
      mistake: 'an snat of another word',
      edits: [['masquerade', 'masq']],
      output: [
        'f.yaml:17:11: gateways.office.snat: expected masquerade, none, an address or a list of one per family, found the text "masq"',
        '        snat: masq',
        '              ^',
      ],
    },
    {
      mistake: 'an snat that is an empty list',
      edits: [['masquerade', '[]']],
      output: [
        'f.yaml:17:11: gateways.office.snat: expected masquerade, none, an address or a list of one per family, found an empty list',
        '        snat: []',
        '              ^',
      ],
    },
    {
      mistake: 'a family key with another value',
      edits: [['    via: office', '    ipv6: on\n    via: office']],
      output: [
        'f.yaml:10:11: networks.web.ipv6: expected block, found the text "on"',
        '        ipv6: on',
        '              ^',
        '    hint: known words: block',
      ],
    },
    {
      mistake: 'a table of the kernel',
      edits: [['0x888', '254']],
      output: [
        "f.yaml:18:12: gateways.office.table: 253, 254 and 255 are the kernel's own tables: choose another, such as 0x888",
        '        table: 254',
        '               ^',
      ],
    },
    {
      mistake: 'a table of 0',
      edits: [['0x888', '0']],
      output: [
        'f.yaml:18:12: gateways.office.table: expected a table number from 1 to 4294967295, found the number 0',
        '        table: 0',
        '               ^',
      ],
    },
    {
      mistake: 'a table too large',
      edits: [['0x888', '4294967296']],
      output: [
        'f.yaml:18:12: gateways.office.table: expected a table number from 1 to 4294967295, found the number 4294967296',
        '        table: 4294967296',
        '               ^',
      ],
    },
    {
      mistake: 'a table in quotes',
      edits: [['0x888', '"0x888"']],
      output: [
        'f.yaml:18:12: gateways.office.table: expected a table number from 1 to 4294967295, found the text "0x888"',
        '        table: "0x888"',
        '               ^',
        '    hint: take the quotes off',
      ],
    },
    {
      mistake: 'a fractional mark',
      edits: [['table: 0x888', 'mark: 1.5']],
      output: [
        'f.yaml:18:11: gateways.office.mark: expected a mark from 1 to 0xffffffff, found the number 1.5',
        '        mark: 1.5',
        '              ^',
      ],
    },
    {
      mistake: 'a mark too large',
      edits: [['table: 0x888', 'mark: 0x100000000']],
      output: [
        'f.yaml:18:11: gateways.office.mark: expected a mark from 1 to 0xffffffff, found the number 4294967296',
        '        mark: 0x100000000',
        '              ^',
      ],
    },
    {
      mistake: 'no members',
      edits: [
        [
          `
      - host: gw1
        uplink: { device: gre1 }`,
          ' []',
        ],
      ],
      output: [
        'f.yaml:14:14: gateways.office.members: expected at least one member, found an empty list',
        '        members: []',
        '                 ^',
      ],
    },
  ])('$mistake', ({ edits, output }) => {
    expect(report(edited(edits)).split('\n')).toEqual(output);
  });
});

describe('names', () => {
  it.each<Case>([
    {
      mistake: 'an unknown node',
      edits: [['      node1:', '      node2:']],
      output: [
        'f.yaml:9:7: networks.web.subnets.node2: unknown host "node2"',
        '          node2: 10.89.4.0/24',
        '          ^',
        '    hint: did you mean "node1"?',
      ],
    },
    {
      mistake: 'an unknown host as a member',
      edits: [['host: gw1', 'host: router']],
      output: [
        'f.yaml:15:15: gateways.office.members.0.host: unknown host "router"',
        '          - host: router',
        '                  ^',
        '    hint: hosts of this file: node1, gw1',
      ],
    },
    {
      mistake: 'an unknown gateway',
      edits: [['via: office', 'via: ofice']],
      output: [
        'f.yaml:10:10: networks.web.via: unknown gateway "ofice"',
        '        via: ofice',
        '             ^',
        '    hint: did you mean "office"?',
      ],
    },
    {
      mistake: 'a name of a property of every JavaScript object',
      edits: [['via: office', 'via: constructor']],
      output: [
        'f.yaml:10:10: networks.web.via: unknown gateway "constructor"',
        '        via: constructor',
        '             ^',
        '    hint: gateways of this file: office',
      ],
    },
    {
      mistake: 'a member that is a node of its own gateway',
      edits: [['host: gw1', 'host: node1']],
      output: [
        'f.yaml:15:15: gateways.office.members.0.host: node1 is a node of network web, which leaves by this gateway',
        '          - host: node1',
        '                  ^',
        '    hint: remove it, or send web by a gateway on another host',
      ],
    },
    {
      mistake: 'a member twice',
      edits: [
        [
          '    snat:',
          `      - { host: gw1, uplink: { device: eth1 } }
    snat:`,
        ],
      ],
      output: [
        'f.yaml:17:17: gateways.office.members.1.host: "gw1" is a member already (line 15)',
        '          - { host: gw1, uplink: { device: eth1 } }',
        '                    ^',
        '    hint: a host is a member once: remove one of them',
      ],
    },
  ])('$mistake', ({ edits, output }) => {
    expect(report(edited(edits)).split('\n')).toEqual(output);
  });
});

describe('addresses', () => {
  it.each<Case>([
    {
      mistake: 'overlapping subnets on two hosts',
      edits: [
        [
          `10.89.4.0/24
`,
          `10.89.4.0/24
      gw2: 10.89.4.128/25
`,
        ],
        [
          '  gw1:',
          `  gw2: 192.168.50.3
  gw1:`,
        ],
      ],
      output: [
        'f.yaml:11:12: networks.web.subnets.gw2: 10.89.4.128/25 overlaps 10.89.4.0/24, the subnet of network web on node1 (line 10)',
        '          gw2: 10.89.4.128/25',
        '               ^',
        '    hint: give each network a subnet of its own on each node',
      ],
    },
    {
      mistake: 'one subnet in two networks',
      edits: [
        [
          'gateways:',
          `  db:
    engine: podman
    subnets: { node1: [10.89.4.0/24] }
    via: office
gateways:`,
        ],
      ],
      output: [
        'f.yaml:14:24: networks.db.subnets.node1.0: 10.89.4.0/24 is already the subnet of network web on node1 (line 9)',
        '        subnets: { node1: [10.89.4.0/24] }',
        '                           ^',
        '    hint: give each network a subnet of its own on each node',
      ],
    },
    {
      mistake: 'two subnets of one family',
      edits: [['10.89.4.0/24', '[10.89.4.0/24, 10.89.5.0/24]']],
      output: [
        'f.yaml:9:29: networks.web.subnets.node1.1: web has two IPv4 subnets on node1, 10.89.4.0/24 and 10.89.5.0/24',
        '          node1: [10.89.4.0/24, 10.89.5.0/24]',
        '                                ^',
        '    hint: write a network of its own for the second one',
      ],
    },
    {
      mistake: 'a subnet of all addresses',
      edits: [['10.89.4.0/24', '0.0.0.0/0']],
      output: [
        'f.yaml:9:14: networks.web.subnets.node1: 0.0.0.0/0 is wider than any container network',
        '          node1: 0.0.0.0/0',
        '                 ^',
        '    hint: write the subnet that the containers have, such as 10.89.4.0/24',
      ],
    },
    {
      mistake: 'a loopback subnet',
      edits: [['10.89.4.0/24', '127.0.0.0/8']],
      output: [
        'f.yaml:9:14: networks.web.subnets.node1: 127.0.0.0/8 is not for containers: 127.0.0.0 is a loopback address',
        '          node1: 127.0.0.0/8',
        '                 ^',
      ],
    },
    {
      mistake: 'one address for two hosts',
      edits: [
        [
          `192.168.50.2
`,
          `192.168.50.10
`,
        ],
      ],
      output: [
        'f.yaml:4:8: hosts.gw1: 192.168.50.10 is the address of node1 too (line 3)',
        '      gw1: 192.168.50.10',
        '           ^',
        '    hint: give each host its own address',
      ],
    },
    {
      mistake: 'two addresses of one family',
      edits: [
        [
          `192.168.50.2
`,
          `[192.168.50.2, 192.168.50.3]
`,
        ],
      ],
      output: [
        'f.yaml:4:23: hosts.gw1.1: gw1 has two IPv4 addresses, 192.168.50.2 and 192.168.50.3',
        '      gw1: [192.168.50.2, 192.168.50.3]',
        '                          ^',
        '    hint: keep the one that the other hosts route to',
      ],
    },
    {
      mistake: 'a host inside a redirected subnet',
      edits: [['10.89.4.0/24', '192.168.50.0/24']],
      output: [
        'f.yaml:3:10: hosts.node1: 192.168.50.10, the address of node1, lies inside 192.168.50.0/24 of network web on node1 (line 9)',
        '      node1: 192.168.50.10',
        '             ^',
        '    hint: only containers can have addresses in there',
        'f.yaml:4:8: hosts.gw1: 192.168.50.2, the address of gw1, lies inside 192.168.50.0/24 of network web on node1 (line 9): it leaves by gw1',
        '      gw1: 192.168.50.2',
        '           ^',
        '    hint: a gateway is outside of the networks that leave by it: write the address that it shares a link with',
      ],
    },
    {
      mistake: 'a loopback address for a host',
      edits: [
        [
          `192.168.50.2
`,
          `127.0.0.1
`,
        ],
      ],
      output: [
        'f.yaml:4:8: hosts.gw1: 127.0.0.1 is a loopback address',
        '      gw1: 127.0.0.1',
        '           ^',
        '    hint: write the address that other machines reach',
      ],
    },
    {
      mistake: 'a next hop inside a redirected subnet',
      edits: [['device: gre1', 'device: eth1, via: 10.89.4.1']],
      output: [
        'f.yaml:16:38: gateways.office.members.0.uplink.via: 10.89.4.1, the next hop, lies inside 10.89.4.0/24 of network web on node1 (line 9)',
        '            uplink: { device: eth1, via: 10.89.4.1 }',
        '                                         ^',
        '    hint: only containers can have addresses in there',
      ],
    },
    {
      mistake: 'a next hop that is the member itself',
      edits: [['device: gre1', 'device: eth1, via: 192.168.50.2']],
      output: [
        'f.yaml:16:38: gateways.office.members.0.uplink.via: 192.168.50.2 is the address of gw1 itself',
        '            uplink: { device: eth1, via: 192.168.50.2 }',
        '                                         ^',
        '    hint: name the neighbour at the other end of the link, or leave via out',
      ],
    },
    {
      mistake: 'an snat address inside a redirected subnet',
      edits: [['masquerade', '10.89.4.200']],
      output: [
        'f.yaml:17:11: gateways.office.snat: 10.89.4.200, the snat address, lies inside 10.89.4.0/24 of network web on node1 (line 9)',
        '        snat: 10.89.4.200',
        '              ^',
        '    hint: only containers can have addresses in there',
      ],
    },
    {
      mistake: 'two next hops of one family',
      edits: [['device: gre1', 'device: eth1, via: [172.31.0.1, 172.31.0.2]']],
      output: [
        'f.yaml:16:51: gateways.office.members.0.uplink.via.1: the uplink of gw1 has two IPv4 next hops, 172.31.0.1 and 172.31.0.2',
        '            uplink: { device: eth1, via: [172.31.0.1, 172.31.0.2] }',
        '                                                      ^',
        '    hint: keep the one that leads to the outside',
      ],
    },
    {
      mistake: 'two snat addresses of one family',
      edits: [['masquerade', '[203.0.113.7, 203.0.113.7]']],
      output: [
        'f.yaml:17:25: gateways.office.snat.1: office has two IPv4 snat addresses, 203.0.113.7 and 203.0.113.7',
        '        snat: [203.0.113.7, 203.0.113.7]',
        '                            ^',
        '    hint: keep the one that the world is to see',
      ],
    },
    {
      mistake: 'a link-local address for a host',
      edits: [['gw1: 192.168.50.2', 'gw1: [192.168.50.2, "fe80::2"]']],
      output: [
        'f.yaml:4:23: hosts.gw1.1: fe80::2 is a link-local address',
        '      gw1: [192.168.50.2, "fe80::2"]',
        '                          ^',
        '    hint: write the address that other machines reach',
      ],
    },
    {
      mistake: 'all families blocked',
      edits: [['    via: office', '    ipv4: block\n    via: office']],
      output: [
        'f.yaml:10:5: networks.web.ipv4: all traffic of web would be blocked: it has no subnet of another family',
        '        ipv4: block',
        '        ^',
        '    hint: remove it, or add a subnet of the family that uses the gateway',
      ],
    },
    {
      mistake: 'an uplink back to itself',
      edits: [['gre1', 'lo']],
      output: [
        'f.yaml:16:27: gateways.office.members.0.uplink.device: lo leads back to the host itself',
        '            uplink: { device: lo }',
        '                              ^',
        '    hint: name the device that leads to the outside',
      ],
    },
    {
      mistake: 'a node without an address of the family',
      edits: [['192.168.50.10', '2001:db8::10']],
      output: [
        'f.yaml:9:7: networks.web.subnets.node1: node1 has no IPv4 address, which 10.89.4.0/24 needs for the return route',
        '          node1: 10.89.4.0/24',
        '          ^',
        '    hint: give node1 one under hosts',
      ],
    },
    {
      mistake: 'a member without an address of the family',
      edits: [
        [
          `192.168.50.2
`,
          `2001:db8::2
`,
        ],
      ],
      output: [
        'f.yaml:15:15: gateways.office.members.0.host: gw1 has no IPv4 address, which 10.89.4.0/24 needs as its next hop',
        '          - host: gw1',
        '                  ^',
        '    hint: give gw1 one under hosts',
      ],
    },
    {
      mistake: 'direct to all addresses',
      edits: [['[192.168.50.0/24]', '[192.168.50.0/24, 0.0.0.0/0]']],
      output: [
        'f.yaml:11:31: networks.web.direct.1: 0.0.0.0/0 covers every address: nothing would go through the gateway',
        '        direct: [192.168.50.0/24, 0.0.0.0/0]',
        '                                  ^',
        '    hint: name only the destinations that must not go through the gateway',
      ],
    },
    {
      mistake: 'direct to both halves of the address space',
      edits: [['[192.168.50.0/24]', '[0.0.0.0/1, 128.0.0.0/1]']],
      output: [
        'f.yaml:11:5: networks.web.direct: together these cover every address: nothing would go through the gateway',
        '        direct: [0.0.0.0/1, 128.0.0.0/1]',
        '        ^',
        '    hint: name only the destinations that must not go through the gateway',
      ],
    },
    {
      mistake: 'a direct destination twice',
      edits: [['[192.168.50.0/24]', '[192.168.50.0/24, 192.168.50.0/24]']],
      output: [
        'f.yaml:11:31: networks.web.direct.1: 192.168.50.0/24 is in this list already',
        '        direct: [192.168.50.0/24, 192.168.50.0/24]',
        '                                  ^',
        '    hint: remove it',
      ],
    },
    {
      mistake: 'direct with host bits',
      edits: [['[192.168.50.0/24]', '[192.168.50.7/24]']],
      output: [
        'f.yaml:11:14: networks.web.direct.0: 192.168.50.7/24 has host bits set',
        '        direct: [192.168.50.7/24]',
        '                 ^',
        '    hint: write 192.168.50.0/24',
      ],
    },
    {
      mistake: 'one table for two gateways',
      edits: [
        [
          `    table: 0x888
`,
          `    table: 0x888
  second:
    members: [{ host: gw1, uplink: { device: eth1 } }]
    table: 2184
`,
        ],
      ],
      output: [
        'f.yaml:21:12: gateways.second.table: table 0x888 is that of gateway office (line 18)',
        '        table: 2184',
        '               ^',
        '    hint: choose another, or leave table out',
      ],
    },
    {
      mistake: 'one mark for two gateways',
      edits: [
        [
          `    table: 0x888
`,
          `    mark: 0x888
  second:
    members: [{ host: gw1, uplink: { device: eth1 } }]
    mark: 2184
`,
        ],
      ],
      output: [
        'f.yaml:21:11: gateways.second.mark: mark 0x888 is that of gateway office (line 18)',
        '        mark: 2184',
        '              ^',
        '    hint: choose another, or leave mark out',
      ],
    },
  ])('$mistake', ({ edits, output }) => {
    expect(report(edited(edits)).split('\n')).toEqual(output);
  });
});

describe('two families', () => {
  const dualWeb: Edit = ['node1: 10.89.4.0/24', 'node1: [10.89.4.0/24, "2001:db8:4::/64"]'];
  const dualNode: Edit = ['node1: 192.168.50.10', 'node1: [192.168.50.10, "2001:db8::10"]'];
  const dualGateway: Edit = ['gw1: 192.168.50.2', 'gw1: [192.168.50.2, "2001:db8::2"]'];
  const blocked: Edit = ['    via: office', '    ipv6: block\n    via: office'];

  it.each<Case>([
    {
      mistake: 'at a node and a gateway with one family',
      edits: [dualWeb],
      output: [
        'f.yaml:9:7: networks.web.subnets.node1: node1 has no IPv6 address, which 2001:db8:4::/64 needs for the return route',
        '          node1: [10.89.4.0/24, "2001:db8:4::/64"]',
        '          ^',
        '    hint: give node1 one under hosts, or write `ipv6: block` in network web',
        'f.yaml:15:15: gateways.office.members.0.host: gw1 has no IPv6 address, which 2001:db8:4::/64 needs as its next hop',
        '          - host: gw1',
        '                  ^',
        '    hint: give gw1 one under hosts, or write `ipv6: block` in network web',
      ],
    },
    {
      mistake: 'by an uplink with a next hop of one family',
      edits: [dualWeb, dualNode, dualGateway, ['device: gre1', 'device: eth1, via: 172.31.0.2']],
      output: [
        'f.yaml:16:38: gateways.office.members.0.uplink.via: the uplink has no IPv6 next hop, and web sends IPv6 through it',
        '            uplink: { device: eth1, via: 172.31.0.2 }',
        '                                         ^',
        '    hint: add one, or leave via out on a point-to-point link, or write `ipv6: block` in network web',
      ],
    },
    {
      mistake: 'with an snat address of one family',
      edits: [dualWeb, dualNode, dualGateway, ['masquerade', '203.0.113.7']],
      output: [
        'f.yaml:17:11: gateways.office.snat: snat has no IPv6 address, and web sends IPv6 through it',
        '        snat: 203.0.113.7',
        '              ^',
        '    hint: add one, or write masquerade, or write `ipv6: block` in network web',
      ],
    },
    {
      mistake: 'a link-local snat address',
      edits: [['masquerade', '[203.0.113.7, "fe80::1"]']],
      output: [
        'f.yaml:17:25: gateways.office.snat.1: fe80::1 is a link-local address',
        '        snat: [203.0.113.7, "fe80::1"]',
        '                            ^',
        '    hint: write the address that other machines reach',
      ],
    },
    {
      mistake: 'and one family blocked at both',
      edits: [dualWeb, blocked, ['masquerade', '203.0.113.7'], ['gre1', 'eth1, via: 172.31.0.2']],
      output: ['no problem'],
    },
    {
      mistake: 'and a family blocked that only the engine may have',
      edits: [blocked],
      output: ['no problem'],
    },
    {
      mistake: 'each with its own addresses',
      edits: [
        dualWeb,
        dualNode,
        dualGateway,
        ['device: gre1', 'device: eth1, via: [172.31.0.2, "fe80::1"]'],
        ['masquerade', '[203.0.113.7, "2001:db8::7"]'],
      ],
      output: ['no problem'],
    },
  ])('$mistake', ({ edits, output }) => {
    expect(report(edited(edits)).split('\n')).toEqual(output);
  });
});

describe('YAML', () => {
  it.each<Case>([
    {
      mistake: 'one tab',
      edits: [['    via: office', '\t\tvia: office']],
      output: [
        'f.yaml:10:1: a tab in the indentation',
        '      via: office',
        '    ^',
        '    hint: YAML is indented with spaces',
      ],
    },
    {
      mistake: 'a tab after spaces',
      edits: [['      node1: 10', '    \tnode1: 10']],
      output: [
        'f.yaml:9:5: a tab in the indentation',
        '         node1: 10.89.4.0/24',
        '        ^',
        '    hint: YAML is indented with spaces',
      ],
    },
    {
      mistake: 'a tab, and a later error',
      edits: [
        [
          `  gw1: 192.168.50.2
`,
          `\tgw1: 192.168.50.2
`,
        ],
        [
          `office
`,
          `ofice
`,
        ],
      ],
      output: [
        'f.yaml:4:1: a tab in the indentation',
        '     gw1: 192.168.50.2',
        '    ^',
        '    hint: YAML is indented with spaces',
        'f.yaml:10:10: networks.web.via: unknown gateway "ofice"',
        '        via: ofice',
        '             ^',
        '    hint: did you mean "office"?',
      ],
    },
    {
      mistake: 'a line with too few spaces',
      edits: [['    via: office', '   via: office']],
      output: [
        'f.yaml:10:1: this line is indented unlike the other lines of its block',
        '       via: office',
        '    ^',
        '    hint: indent it with the same number of spaces',
      ],
    },
    {
      mistake: 'a line without a colon',
      edits: [['    via: office', '    via office']],
      output: [
        'f.yaml:10:5: this line has no "key: value"',
        '        via office',
        '        ^',
        '    hint: write a colon and a blank after the key',
      ],
    },
    {
      mistake: 'a colon without a blank',
      edits: [['    via: office', '    via:office']],
      output: [
        'f.yaml:10:5: this line has no "key: value"',
        '        via:office',
        '        ^',
        '    hint: write a colon and a blank after the key',
      ],
    },
    {
      mistake: 'two keys on one line',
      edits: [['engine: podman', 'engine: podman: x']],
      output: [
        'f.yaml:7:13: a second "key:" on one line',
        '        engine: podman: x',
        '                ^',
        '    hint: put it on a line of its own, or the value in quotes',
      ],
    },
    {
      mistake: 'a list that is not closed',
      edits: [['[192.168.50.0/24]', '[192.168.50.0/24']],
      output: [
        'f.yaml:12:1: a list before this line is not closed',
        '    gateways:',
        '    ^',
        '    hint: close it with "]"',
      ],
    },
    {
      mistake: 'quotes that are not closed',
      edits: [['via: office', 'via: "office']],
      output: [
        'f.yaml:10:10: these quotes are not closed',
        '        via: "office',
        '             ^',
        '    hint: put the same kind of quotes behind the value',
      ],
    },
    {
      mistake: 'a value that begins with @',
      edits: [['via: office', 'via: @office']],
      output: [
        'f.yaml:10:10: a value cannot begin with this character',
        '        via: @office',
        '             ^',
        '    hint: put the value in quotes',
      ],
    },
    {
      mistake: 'a second document',
      edits: [
        [
          'gateways:',
          `---
gateways:`,
        ],
      ],
      output: [
        'f.yaml:12:1: a second document begins here, and the file is one',
        '    ---',
        '    ^',
        '    hint: take out the line "---"',
      ],
    },
    {
      mistake: 'a second document at the end',
      edits: [
        [
          `    table: 0x888
`,
          `    table: 0x888
---
version: 1
`,
        ],
      ],
      output: [
        'f.yaml:19:1: a second document begins here, and the file is one',
        '    ---',
        '    ^',
        '    hint: take out the line "---"',
      ],
    },
    {
      mistake: 'a tag',
      edits: [['via: office', 'via: !secret office']],
      output: [
        'f.yaml:10:10: a tag (!...) means nothing here',
        '        via: !secret office',
        '             ^',
        '    hint: remove it',
      ],
    },
    {
      mistake: 'an alias without anchor',
      edits: [['via: office', 'via: *office']],
      output: [
        'f.yaml:10:10: networks.web.via: alias *office is not defined',
        '        via: *office',
        '             ^',
        '    hint: write &office before the value that is meant',
      ],
    },
    {
      mistake: 'an alias inside itself',
      edits: [['[192.168.50.0/24]', '&lan [*lan]']],
      output: [
        'f.yaml:11:19: networks.web.direct.0: alias *lan contains itself',
        '        direct: &lan [*lan]',
        '                      ^',
      ],
    },
  ])('$mistake', ({ edits, output }) => {
    expect(report(edited(edits)).split('\n')).toEqual(output);
  });
});
