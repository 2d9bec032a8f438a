/** Sysctls of conntrack for a flow log, on a host made up for tests: switched on, left alone when they are, given back. */
import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenFacts } from '../../../tests/given/facts.ts';
import { givenRuns } from '../../../tests/given/runs.ts';
import { emptyLedger } from '../../state/ledger.ts';
import { flowAccounting } from './flow-accounting.ts';

const folder = '/proc/sys/net/netfilter/nf_conntrack_';
const conntrack = { [`${folder}acct`]: '0', [`${folder}timestamp`]: '1', [`${folder}events`]: '2' };
const file = (log: string): string => `version: 1
hosts: { node1: 192.168.50.10, here: 192.168.50.2 }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: here, uplink: { device: eth1, via: 172.31.0.2 } }]${log} }
`;

function gatewayHost(sysctls: Readonly<Record<string, string>>) {
  return createFakeHost({
    links: [
      { name: 'eth0', addresses: ['192.168.50.2/24'], up: true, pointToPoint: false },
      { name: 'eth1', addresses: ['172.31.0.1/30'], up: true, pointToPoint: false },
    ],
    sysctls,
  });
}

function settingsOf(host: ReturnType<typeof createFakeHost>): Promise<(string | undefined)[]> {
  return Promise.all(
    ['acct', 'timestamp', 'events'].map(async (name) => (await host.files.read(`${folder}${name}`))?.trim()),
  );
}

describe('sysctls of conntrack for a flow log', () => {
  const { apply, destroy, places } = givenRuns();

  it('are on while a gateway of the file has one, and given back by the next file, and by destroy', async () => {
    const host = gatewayHost(conntrack);
    expect(await apply(host, file(', log: flows'))).toMatchObject({ status: 0 });
    expect(await settingsOf(host)).toEqual(['1', '1', '1']);
    expect(await apply(host, file(''))).toMatchObject({ status: 0 });
    expect(await settingsOf(host)).toEqual(['0', '1', '2']);
    expect(await host.files.read(places.ledger)).not.toContain('nf_conntrack');
    await apply(host, file(', log: flows'));
    expect(await destroy(host)).toMatchObject({ status: 0 });
    expect(await settingsOf(host)).toEqual(['0', '1', '2']);
  });

  it('are left alone without one', async () => {
    const host = gatewayHost(conntrack);
    await apply(host, file(''));
    expect(await settingsOf(host)).toEqual(['0', '1', '2']);
  });

  it('are not wanted while conntrack is not loaded', () => {
    const gateway = {
      name: 'office',
      uplink: { device: 'eth1' },
      snat: 'masquerade',
      served: [],
      flowLog: { size: 1, age: 1 },
    } as const;
    expect(flowAccounting({ gateways: [gateway] }, givenFacts())).toEqual([]);
    const sysctls = { 'net.netfilter.nf_conntrack_acct': '0' };
    expect(flowAccounting({ gateways: [gateway] }, givenFacts({ sysctls }))).toMatchObject([
      { object: { name: 'net.netfilter.nf_conntrack_acct', value: '1' } },
    ]);
    expect(flowAccounting({ gateways: [] }, givenFacts({ sysctls, ledger: emptyLedger }))).toEqual([]);
  });
});
