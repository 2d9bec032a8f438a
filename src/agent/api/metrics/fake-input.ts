/** A made-up moment in which every metric has a value. */
import { agentStatus, officeHealth } from '../fake-agent-status.ts';
import type { MetricsInput } from '../snapshot.ts';
import { freshHistogram, observe } from './metric.ts';

const traffic = {
  network: 'web',
  subnets: ['10.89.4.0/24', 'fd00:89::/64'],
  gateway: 'office',
  egress: '192.168.50.2',
  table: 2184,
  mark: 2184,
  packets: 12,
  bytes: 3400,
  dropped: 5,
} as const;
const served = { network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.168.50.10' };
const outage = { family: 4, since: '2026-11-30T12:00:00.000Z', why: 'no member works' } as const;
const notReady = { what: 'network db', message: 'eth1 is missing', hint: 'make it' };
const durations = observe(freshHistogram([0.1, 1]), 0.25);

export const wholeInput: MetricsInput = {
  snapshot: {
    agent: {
      ...agentStatus,
      flowLogs: [
        { gateway: 'office', folder: '/flows/office', flows: 9, dropped: 2, unwritten: 1, bytes: 4096 },
        {
          gateway: 'lab',
          folder: '/flows/lab',
          flows: 0,
          dropped: 0,
          unwritten: 0,
          bytes: 0,
          problem: 'no space left',
        },
      ],
      monitors: [{ what: 'nftables', command: 'nft monitor', running: true, restarts: 2 }],
      members: [
        {
          ...officeHealth,
          since: '2026-11-30T12:00:00.000Z',
          why: 'gw1: eth1 is down',
          used: 'gw2',
          failovers: { ...officeHealth.failovers, link: 1 },
          members: [
            { host: 'gw1', state: 'down', fault: 'eth1 is down', drained: true, share: 0 },
            {
              host: 'gw2',
              state: 'up',
              share: 1,
              loss: 0.5,
              roundTrip: 3,
              targets: [{ target: '203.0.113.10', state: 'good', loss: 0.5, roundTrip: 3 }],
            },
          ],
        },
      ],
    },
    faults: { notReady: [notReady], leaving: [{ network: 'web', family: 4, why: outage.why }] },
    looked: {
      time: 1_796_000_000.25,
      status: {
        host: 'node1',
        networks: [
          { ...traffic, spoofed: 7, whenDown: 'direct', leavesDirectly: [outage] },
          { ...traffic, network: 'db' },
        ],
        gateways: [{ gateway: 'office', uplink: 'eth1', snat: 'masquerade', served: [traffic] }],
        differences: [],
        waiting: [],
        notReady: [notReady],
      },
      gateways: [{ name: 'office', served: [served] }],
    },
    probes: [{ gateway: 'office', family: 4, member: 'gw2', target: '203.0.113.10', probes: 50, lost: 25 }],
    readDurations: durations,
    repairDurations: durations,
  },
  nat: {
    time: 1_796_000_001,
    uses: [
      { gateway: 'office', address: '172.31.0.2', protocol: 'tcp', entries: 3, ports: 2, busiest: 2 },
      { gateway: 'office', address: '172.31.0.2', protocol: 'icmp', entries: 1, ports: 0, busiest: 0 },
    ],
  },
  process: { cpuSeconds: 1.5, memoryBytes: 64_000_000 },
  api: {
    eventClients: 1,
    eventClientsDropped: 2,
    refused: { connections: 3, clients: 4, token: 5, request: 6 },
  },
  build: { version: '0.1.0', node: '20.20.0' },
};
