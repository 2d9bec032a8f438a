import { describe, expect, it } from 'vitest';
import type { Network, Spec } from '../spec/spec.ts';
import { topologyOf } from './topology.ts';

const gatewayCount = 10;

/** Spec with this many nodes and one network on each; calls back when a network's subnets are read. */
function largeSpec(size: number, onRead: () => void): Spec {
  const network = (i: number): Network => ({
    engine: 'external',
    get subnets() {
      onRead();
      return { [`node${i}`]: [`10.${i >> 8}.${i & 255}.0/24`] };
    },
    via: `gw${i % gatewayCount}`,
    direct: [],
    blocked: [],
  });
  const numbers = Array.from({ length: size }, (_, i) => i);
  const gateways = numbers.slice(0, gatewayCount).map((i) => [`gw${i}`, memberOf(`gw${i}`)] as const);
  return {
    hosts: {
      ...Object.fromEntries(numbers.map((i) => [`node${i}`, [`172.16.${i >> 8}.${i & 255}`]])),
      ...Object.fromEntries(gateways.map(([name], i) => [name, [`172.31.0.${i}`]])),
    },
    networks: Object.fromEntries(numbers.map((i) => [`net${i}`, network(i)])),
    gateways: Object.fromEntries(gateways),
  };
}

function memberOf(host: string): Spec['gateways'][string] {
  return { members: [{ host, uplink: { device: 'eth1' } }], snat: 'masquerade' };
}

describe('roles of all hosts', () => {
  it('take four times as long for four times as many hosts', () => {
    const readsOfAll = (size: number): number => {
      let reads = 0;
      const spec = largeSpec(size, () => (reads += 1));
      const { roleOf } = topologyOf(spec);
      const roles = Object.keys(spec.hosts).map(roleOf);
      expect(roles.flatMap(({ networks }) => networks)).toHaveLength(size);
      return reads;
    };
    const reads = readsOfAll(100);
    expect(reads).toBeGreaterThan(0);
    expect(readsOfAll(400)).toBeLessThanOrEqual(4 * reads);
  });

  it('have each subnet served once, by its own gateway, and blocked at the others', () => {
    const spec = largeSpec(100, () => {});
    const { roleOf } = topologyOf(spec);
    const members = Object.keys(spec.gateways).map(roleOf);
    const served = members.flatMap(({ host, gateways }) =>
      gateways.flatMap((gateway) => gateway.served.map(({ network }) => `${network} by ${host}`)),
    );
    expect(served.sort()).toEqual(
      Object.entries(spec.networks)
        .map(([name, { via }]) => `${name} by ${via}`)
        .sort(),
    );
    for (const { unservedSubnets } of members) expect(unservedSubnets).toHaveLength(90);
  });
});

describe('published ports', () => {
  it('are in the role of the node with their subnet, in the order of the file', () => {
    const spec = largeSpec(20, () => {});
    const port = (number: number, to: string) => ({ port: number, proto: 'tcp' as const, to, toPort: 80 });
    const gw3 = {
      ...memberOf('gw3'),
      publish: [port(3, '10.0.13.7'), port(1, '10.0.3.5'), port(2, '10.0.13.6')],
    };
    const { roleOf } = topologyOf({ ...spec, gateways: { ...spec.gateways, gw3 } });
    const calledAt = (node: string) => roleOf(node).networks[0]?.inboundPorts?.map(({ to }) => to);
    expect(calledAt('node13')).toEqual(['10.0.13.7', '10.0.13.6']);
    expect(calledAt('node3')).toEqual(['10.0.3.5']);
    expect(calledAt('node4')).toBeUndefined();
  });
});
