import { describe, expect, it } from 'vitest';
import { expectedSessions } from '../../desired/bird/expected-sessions.ts';
import { sessionStatus, sessionText } from '../../explain/sessions/session-status.ts';
import type { HostRole } from '../../topology/role.ts';
import { decodeBfd, decodeNeighbors, decodeProtocols, decodeRefused, newMessages } from './sessions.ts';

/** Recorded from BIRD 2.0.12; capabilities are left out. */
const protocols = `BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     15:16:14.784  
member_office_node1_4 BGP        ---        up     15:16:15.616  Established   
  Description:    gateway office: node node1
  BGP state:          Established
    Neighbor address: 192.168.50.10
  Channel ipv4
    State:          UP
    Routes:         1 imported, 1 filtered, 1 exported, 1 preferred
      Import updates:              3          0          1          0          2

member_office_node2_4 BGP        ---        start  15:16:20.807  Active        Socket: Connection refused
  BGP state:          Active
    Last error:       Socket: Connection refused
  Channel ipv4
    State:          DOWN

uplink_member_office4 OSPF       member_office4 up     15:03:05.897  Alone
  Channel ipv4
    Routes:         0 imported, 1 exported, 0 preferred
      Import updates:              1          0          1          0          0
`;
const log = [
  '2026-11-29 15:01:41.061 <AUTH> uplink_member_office4: Authentication failed for nbr 9.9.9.9 on uplink0 - wrong authentication code (1)',
  '',
];
const role: HostRole = {
  host: 'gw1',
  addresses: ['192.168.50.2'],
  networks: [],
  gateways: [],
  routed: [
    {
      name: 'office',
      side: 'member',
      sessions: { protocol: 'bgp', port: 1790, bfd: { interval: 300, multiplier: 3 } },
      uplink: {
        device: 'uplink0',
        routing: { protocol: 'ospf', area: 0, hello: 10, dead: 40, cost: 10 },
        announced: [],
        position: 0,
      },
      subnets: [],
      peers: ['node1', 'node2'].map((host, i) => ({
        host,
        addresses: [`192.168.50.1${i}`],
        subnets: [`10.89.${i}.0/24`],
      })),
    },
  ],
};
const state = {
  protocols: decodeProtocols(protocols, log),
  neighbors: {},
  bfd: decodeBfd(
    'bfd1:\nIP address  Interface  State  Since\n192.168.50.10   eth0   Up   15:16:15.0  0.3  0.9\n',
  ),
  refused: decodeRefused(
    'Table office4:\n10.99.0.0/16         unicast [member_office_node1_4 15:16:15.662] * (100) [i]\n',
  ),
};

describe('the sessions of a host', () => {
  it('have the names of the configuration', () => {
    expect(expectedSessions(role).map(({ name }) => name)).toEqual([
      'member_office_node1_4',
      'member_office_node2_4',
      'uplink_member_office4',
    ]);
  });

  it('are shown with what was accepted, announced and refused', () => {
    expect(sessionStatus(role, state).map(sessionText)).toEqual([
      'office: node node1 (192.168.50.10): BGP Established, since 15:16:15.616, BFD Up, 1 accepted, 1 announced, refused: 10.99.0.0/16 (not a subnet of node1 in the file)',
      'office: node node2 (192.168.50.11): BGP Active, since 15:16:20.807, 0 accepted, 0 announced, last error: Socket: Connection refused',
      'office: upstream router (IPv4): OSPF Alone, since 15:03:05.897, 0 accepted, 1 announced, 1 refused, last error: Authentication failed for nbr 9.9.9.9 on uplink0 - wrong authentication code (1)',
    ]);
  });

  it('are unknown when BIRD does not answer', () => {
    expect(sessionStatus(role, undefined).map((session) => session.state)).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  it('have new messages in what the log has got', () => {
    const lines = [
      'x <AUTH> uplink_member_office4: old',
      'x <AUTH> uplink_member_office4: new',
      'x <RMT> other: new',
    ];
    const [before = ''] = lines;
    expect(newMessages(before, lines.join('\n'), 'uplink_member_office4')).toEqual(['new']);
    // A log that has begun anew.
    expect(newMessages('y', lines.join('\n'), 'other')).toEqual(['new']);
  });

  it('have the AS number that BIRD tells in its log only', () => {
    const text = `up4        BGP        ---        start  05:53:23.627  Idle          BGP Error: Bad peer AS
  BGP state:          Idle
    Last error:       BGP Error: Bad peer AS
`;
    const said = ['2026-11-30 05:53:23.623 <RMT> up4: Error: Bad peer AS: 64496'];
    expect(decodeProtocols(text, said)['up4']?.error).toBe('Error: Bad peer AS: 64496');
    expect(decodeProtocols(text, [])['up4']?.error).toBe('BGP Error: Bad peer AS');
  });
});

describe('OSPF between hosts of the file', () => {
  const lan: HostRole = {
    host: 'node1',
    addresses: ['192.168.50.10'],
    networks: [],
    gateways: [],
    routed: [
      {
        name: 'office',
        side: 'node',
        sessions: { protocol: 'ospf', hello: 1, dead: 4 },
        subnets: ['10.89.4.0/24'],
        peers: ['gw1', 'gw2'].map((host, i) => ({
          host,
          addresses: [`192.168.50.${i + 2}`],
          subnets: [],
        })),
      },
    ],
  };
  // Recorded from BIRD 2.0.12.
  const running = `ospf_node_office4 OSPF     node_office4 up     18:54:53.709  Running
  Channel ipv4
    Routes:         1 imported, 2 filtered, 2 exported, 1 preferred
`;
  const neighbors = `BIRD 2.0.12 ready.
ospf_node_office4:
Router ID   \tPri\t     State     \tDTime\tInterface  Router IP
192.168.50.2\t 10\tFull/DR   \t 3.420\teth0       192.168.50.2
192.168.50.9\t  1\tInit/Other\t 3.420\teth0       192.168.50.9
`;
  const filtered = `Table node_office4:
192.168.50.0/24      unicast [ospf_node_office4 18:55:00.810] * I (150/10) [192.168.50.2]
\tdev eth0
10.7.0.0/16          unicast [ospf_node_office4 18:55:00.810] * E2 (150/10/10000) [192.168.50.2]
\tvia 192.168.50.2 on eth0
`;
  const found = sessionStatus(lan, {
    protocols: decodeProtocols(running, []),
    neighbors: { ospf_node_office4: decodeNeighbors(neighbors) },
    bfd: {},
    refused: decodeRefused(filtered),
  });

  it('names the hosts that are no neighbours, and what was refused', () => {
    expect(found.map(sessionText)).toEqual([
      'office: members (IPv4): OSPF Running, since 18:54:53.709, without gw2, 1 accepted, 2 announced, refused: 10.7.0.0/16 (not the default of a member)',
    ]);
  });

  it('on a member: what other members tell the nodes is refused for that reason', () => {
    const member: HostRole = {
      ...lan,
      host: 'gw1',
      addresses: ['192.168.50.2'],
      routed: [
        {
          name: 'office',
          side: 'member',
          sessions: { protocol: 'ospf', hello: 1, dead: 4 },
          subnets: [],
          peers: [{ host: 'node1', addresses: ['192.168.50.10'], subnets: ['10.89.4.0/24'] }],
          otherMembers: [{ host: 'gw2', addresses: ['192.168.50.3'] }],
        },
      ],
    };
    const said = `Table member_office4:
0.0.0.0/0            unicast [ospf_member_office4 18:55:00.810] * E2 (150/10/200) [192.168.50.3]
10.99.0.0/16         unicast [ospf_member_office4 18:55:00.810] * E2 (150/10/10000) [192.168.50.10]
10.98.0.0/16         unicast [ospf_member_office4 18:55:00.810] * E2 (150/10/10000) [9.9.9.9]
`;
    const [status] = sessionStatus(member, {
      protocols: {},
      neighbors: {
        ospf_member_office4: { '192.168.50.10': { state: 'Full/Other', address: '192.168.50.10' } },
      },
      bfd: {},
      refused: decodeRefused(said),
    });
    expect(status?.refusedRoutes).toEqual([
      { destinations: ['0.0.0.0/0'], why: 'announced to the nodes by member gw2' },
      { destinations: ['10.99.0.0/16'], why: 'not a subnet of node1 in the file' },
      { destinations: ['10.98.0.0/16'], why: 'not from a node of the file' },
    ]);
  });
});
