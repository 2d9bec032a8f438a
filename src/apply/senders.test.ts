import { describe, expect, it } from 'vitest';
import type { Exec } from '../host/ports.ts';
import type { Route } from '../kinds/route/schema.ts';
import { recentSenders, sendersByRoutes, sendersOf } from './senders.ts';

const served = { network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.168.50.10' };
const gateway = { name: 'office', uplink: { device: 'eth1' }, snat: 'none', served: [served] } as const;
const web = { name: 'node1 (network web, 10.89.4.0/24)', subnet: '10.89.4.0/24' };
const mail = { name: 'node2 (network mail, 10.89.5.0/24)', subnet: '10.89.5.0/24' };

describe('nodes that send to a gateway', () => {
  it('are listed once, also with two gateways', () => {
    expect(sendersOf({ gateways: [gateway, { ...gateway, name: 'home' }] })).toEqual([web]);
  });

  it('are found by return routes when the file is unknown', () => {
    const route = (target: Route['target'], table = 254): Route => ({
      kind: 'route',
      family: 4,
      table,
      destination: '10.89.4.0/24',
      metric: 0,
      target,
    });
    const back = { kind: 'unicast', via: '192.168.50.10', device: 'eth0' } as const;
    expect(sendersByRoutes([route(back), route(back, 2184), route({ kind: 'unreachable' })])).toEqual([
      { name: '192.168.50.10 (10.89.4.0/24)', subnet: '10.89.4.0/24' },
    ]);
  });

  it('are those with conntrack entries, or all when conntrack cannot be queried', async () => {
    const line = 'udp      17 29 src=10.89.5.7 dst=192.0.2.1 src=192.0.2.1 dst=10.89.5.7 \n';
    const answering = (exitCode: number): Exec => ({
      run: () => Promise.resolve({ exitCode, stdout: line, stderr: '' }),
    });
    expect(await recentSenders(answering(0), [web, mail])).toEqual([mail]);
    expect(await recentSenders(answering(127), [web, mail])).toEqual([web, mail]);
  });
});
