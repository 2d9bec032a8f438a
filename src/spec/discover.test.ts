import { describe, expect, it } from 'vitest';
import { specOf } from '../../tests/scenario/play.ts';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

const rightFile = `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: 192.168.50.3
networks:
  web: { engine: podman, subnets: { node1: 10.90.4.0/24 }, via: office }
gateways:
  office:
    members: [{ host: gw1, uplink: { device: eth1 } }]
discover:
  pools: { node1: 10.89.0.0/16 }
`;

/** Replaces the part from `discover:` on. */
const withDiscover = (text: string): string => rightFile.replace(/^discover:[^]*/m, text);

describe('discover', () => {
  it('has one pool or a list, every gateway, and leaves the unlabelled alone by default', () => {
    expect(specOf(rightFile).discover).toEqual({
      pools: { node1: ['10.89.0.0/16'] },
      gateways: ['office'],
      unlabelled: 'leave',
    });
    const more =
      'discover: { pools: { node1: [10.89.0.0/16, 10.87.0.0/16, "fd89::/32"] }, unlabelled: block }\n';
    expect(specOf(withDiscover(more)).discover).toEqual({
      pools: { node1: ['10.89.0.0/16', '10.87.0.0/16', 'fd89::/32'] },
      gateways: ['office'],
      unlabelled: 'block',
    });
  });

  it('is absent when the file has none', () => {
    expect(specOf(withDiscover(''))).not.toHaveProperty('discover');
  });

  it.each<[string, string, readonly string[]]>([
    [
      'no pool',
      'discover: { unlabelled: block }\n',
      [
        '11:1: discover.pools: missing key "pools"',
        'add "pools: ..." with a map of host names to their pools',
      ],
    ],
    [
      'an empty map of pools',
      'discover: { pools: {} }\n',
      ['11:20: discover.pools: expected at least one host with its pool, found an empty map'],
    ],
    [
      'an address for a pool',
      'discover: { pools: { node1: 10.89.0.1 } }\n',
      [
        '11:29: discover.pools.node1: expected a subnet like 10.89.0.0/16, found the text "10.89.0.1"',
        'add the prefix length: 10.89.0.1/32 is this one address, a container network is often a /24',
      ],
    ],
    [
      'an unknown host',
      'discover: { pools: { nod1: 10.89.0.0/16 } }\n',
      ['11:22: discover.pools.nod1: unknown host "nod1"', 'did you mean "node1"?'],
    ],
    [
      'an unknown gateway',
      'discover: { pools: { node1: 10.89.0.0/16 }, gateways: [office, ofice] }\n',
      ['11:64: discover.gateways.1: unknown gateway "ofice"', 'did you mean "office"?'],
    ],
    [
      'a gateway twice',
      'discover: { pools: { node1: 10.89.0.0/16 }, gateways: [office, office] }\n',
      ['11:64: discover.gateways.1: "office" is in this list already', 'remove it'],
    ],
    [
      'a misspelt word',
      'discover: { pools: { node1: 10.89.0.0/16 }, unlabelled: blok }\n',
      ['11:57: discover.unlabelled: expected leave or block, found the text "blok"', 'did you mean "block"?'],
    ],
    [
      'a misspelt key',
      'discover: { pool: { node1: 10.89.0.0/16 } }\n',
      ['11:13: discover.pool: unknown key "pool"', 'did you mean "pools"?'],
    ],
    [
      'a pool that is too wide',
      'discover: { pools: { node1: 8.0.0.0/7 } }\n',
      [
        '11:29: discover.pools.node1: 8.0.0.0/7 is wider than any pool of container networks',
        'write the subnets that the engine of this node takes its networks from, such as 10.89.0.0/16',
      ],
    ],
    [
      'a pool of addresses that no container has',
      'discover: { pools: { node1: 224.0.0.0/8 } }\n',
      ['11:29: discover.pools.node1: 224.0.0.0/8 is not for containers: 224.0.0.0 is a multicast address'],
    ],
    [
      'pools of two hosts that overlap',
      'discover:\n  pools:\n    node1: 10.89.0.0/16\n    gw1: 10.89.4.0/24\n',
      [
        '14:10: discover.pools.gw1: 10.89.4.0/24 overlaps 10.89.0.0/16, a pool of node1 (line 13)',
        'give each node pools of its own',
      ],
    ],
    [
      'the same pool twice',
      'discover:\n  pools:\n    node1: [10.89.0.0/16, 10.89.0.0/16]\n',
      [
        '13:27: discover.pools.node1.1: 10.89.0.0/16 overlaps 10.89.0.0/16, a pool of node1 (line 13)',
        'give each node pools of its own',
      ],
    ],
    [
      'a pool with a network of the file in it',
      'discover: { pools: { node1: [10.88.0.0/14] } }\n',
      [
        '11:30: discover.pools.node1.0: 10.88.0.0/14 overlaps 10.90.4.0/24, the subnet of network web on node1 (line 7)',
        'a network of the file has a subnet outside of all pools: narrow the pool, or remove the network and give it the label',
      ],
    ],
    [
      'a pool with an address of a host in it',
      'discover: { pools: { node1: [10.89.0.0/16, 192.168.50.0/28] } }\n',
      [
        '11:44: discover.pools.node1.1: 192.168.50.0/28 overlaps 192.168.50.2, the address of gw1 (line 4)',
        'only containers can have addresses in a pool: narrow it',
        '11:44: discover.pools.node1.1: 192.168.50.0/28 overlaps 192.168.50.3, the address of gw2 (line 5)',
        'only containers can have addresses in a pool: narrow it',
        '11:44: discover.pools.node1.1: 192.168.50.0/28 overlaps 192.168.50.10, the address of node1 (line 3)',
        'only containers can have addresses in a pool: narrow it',
      ],
    ],
    [
      'a pool of a family that its node has no address of',
      'discover: { pools: { node1: 10.89.0.0/16, gw2: "fd89::/32" } }\n',
      [
        '11:43: discover.pools.gw2: gw2 has no IPv6 address, which fd89::/32 needs for the return route',
        'give gw2 one under hosts',
      ],
    ],
  ])('refuses %s', (_, discover, output) => {
    const lines = problemsOf(withDiscover(discover));
    expect(lines.filter((line) => !/^ +(\^|discover|pools|node1|gw1)/.test(line))).toEqual(
      output.map((line) => (/^\d+:/.test(line) ? `f.yaml:${line}` : `    hint: ${line}`)),
    );
  });

  it('refuses a host that is a member of two gateways, until one of them is listed', () => {
    const mail = '  mail: { members: [{ host: gw1, uplink: { device: eth2 } }] }';
    const text = rightFile.replace('gateways:', `gateways:\n${mail}`);
    expect(problemsOf(text)).toContain(
      'f.yaml:12:1: discover: gw1 is a member of mail and office: it cannot tell which of them a packet from a pool is for',
    );
    expect(specOf(`${text}  gateways: [office]\n`).discover?.gateways).toEqual(['office']);
  });

  it('refuses a gateway without an address of the family of a pool', () => {
    const text = rightFile
      .replace('host: gw1', 'host: gw2')
      .replace('10.89.0.0/16 }', '[10.89.0.0/16, "fd89::/32"] }');
    expect(problemsOf(text)).toContain(
      'f.yaml:10:23: gateways.office.members.0.host: gw2 has no IPv6 address, which fd89::/32 needs as its next hop',
    );
  });

  it('refuses a published port that leads into no pool and no network', () => {
    const publishing = (to: string) =>
      rightFile.replace('eth1 } }]', `eth1 } }]\n    publish: [{ port: 80, to: ${to} }]`);
    expect(problemsOf(publishing('10.89.4.5'))).toEqual([]);
    expect(problemsOf(publishing('10.88.4.5'))[0]).toBe(
      'f.yaml:11:31: gateways.office.publish.0.to: 10.88.4.5 is in no network that leaves by office: its replies would take another path',
    );
  });
});

function problemsOf(text: string): string[] {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return [];
  return formatProblems(parsed.problems, text, 'f.yaml').split('\n');
}
