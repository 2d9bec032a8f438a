import { expect, it } from 'vitest';
import { specOf } from '../../tests/scenario/play.ts';
import { hostRole } from '../topology/topology.ts';
import { drainedGateways } from './drained-gateways.ts';

const uplink = (host: string): string => `{ host: ${host}, uplink: { device: eth1 } }`;
const spec = specOf(`
version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  node2: 192.168.50.11
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
networks:
  web:
    engine: external
    subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'], node2: 10.89.5.0/24 }
    via: office
  mail: { engine: external, subnets: { node2: 10.89.6.0/24 }, via: even }
  old: { engine: external, subnets: { node2: 10.89.7.0/24 }, via: first }
  bgp: { engine: external, subnets: { node2: 10.89.8.0/24 }, via: routed }
  one: { engine: external, subnets: { node2: 10.89.9.0/24 }, via: single }
gateways:
  office: { members: [${uplink('gw1')}, ${uplink('gw2')}], check: {} }
  even: { members: [${uplink('gw1')}, ${uplink('gw2')}], mode: balance }
  first: { members: [${uplink('gw1')}, ${uplink('gw2')}] }
  routed: { members: [${uplink('gw1')}, ${uplink('gw2')}], routing: { protocol: bgp } }
  single: { members: [${uplink('gw1')}] }
`);

it('tells for each gateway which nodes have had a reply, and what the others do', () => {
  const counter = (element: string, packets: number) => ({
    set: element.includes(':') ? 'told6' : 'told4',
    element,
    packets,
    bytes: packets * 100,
  });
  const counters = [counter('192.168.50.10', 0), counter('192.168.50.11', 0), counter('fd00:50::10', 3)];
  // The same address in another set is no reply.
  const other = { set: 'egress4_24', element: '192.168.50.11', packets: 7, bytes: 700 };
  expect(drainedGateways(hostRole(spec, 'gw1'), spec.gateways, [...counters, other])).toEqual([
    {
      gateway: 'office',
      nodes: [
        { node: 'node1', told: true },
        { node: 'node2', told: false },
      ],
    },
    { gateway: 'even', nodes: [{ node: 'node2', told: false }] },
    { gateway: 'first', stays: 'without `check:`, nodes use its first member' },
    { gateway: 'routed', announced: 'bgp' },
    { gateway: 'single', stays: 'it has no other member' },
  ]);
});
