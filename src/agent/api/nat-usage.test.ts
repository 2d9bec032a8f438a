import { describe, expect, it } from 'vitest';
import type { Exec } from '../../host/ports.ts';
import type { Facts } from '../../state/facts.ts';
import type { MemberGateway } from '../../topology/role.ts';
import { eventText } from '../event/event-text.ts';
import { createNatUsage, egressAddresses } from './nat-usage.ts';

const gateway = (name: string, snat: MemberGateway['snat'], device = 'eth1'): MemberGateway => ({
  name,
  snat,
  uplink: { device },
  served: [],
});
const link = { name: 'eth1', index: 2, ethernet: true };
const facts: Pick<Facts, 'links'> = {
  links: [{ ...link, addresses: ['172.31.0.2/30', '2001:db8:31::2/64', 'fe80::1/64'] }],
};

describe('egressAddresses', () => {
  it.each<[MemberGateway['snat'], string[]]>([
    ['masquerade', ['172.31.0.2', '2001:db8:31::2']],
    ['none', []],
    [['198.51.100.6'], ['198.51.100.6']],
  ])('of %j', (snat, expected) => {
    const found = egressAddresses({ gateways: [gateway('office', snat)] }, facts);
    expect(found).toEqual(expected.map((address) => ({ gateway: 'office', address })));
  });

  it('has none while the uplink is missing', () => {
    expect(egressAddresses({ gateways: [gateway('office', 'masquerade', 'gre1')] }, facts)).toEqual([]);
  });
});

describe('createNatUsage', () => {
  const egress = [{ gateway: 'office', address: '172.31.0.2' }];
  const log: string[] = [];

  function usageOf(run: () => ReturnType<Exec['run']>) {
    const clock = { now: 0, runs: 0 };
    const counted = (): ReturnType<Exec['run']> => {
      clock.runs += 1;
      // It takes a second.
      clock.now += 1000;
      return run();
    };
    const usage = createNatUsage({
      exec: { run: counted },
      now: () => clock.now,
      time: () => 1_796_000_000,
      pause: () => new Promise(() => {}),
      emit: (event) => log.push(eventText(event)),
    });
    return { clock, usage };
  }

  it('counts when it is asked, and again after twenty times as long as that took', async () => {
    const { clock, usage } = usageOf(() =>
      Promise.resolve({ exitCode: 0, stdout: '172.31.0.2 udp 5 4 3\n', stderr: '' }),
    );
    const of = { gateway: 'office', address: '172.31.0.2' };
    expect(await usage(egress)).toEqual({
      time: 1_796_000_000,
      uses: [
        { ...of, protocol: 'udp', entries: 5, ports: 4, busiest: 3 },
        { ...of, protocol: 'tcp', entries: 0, ports: 0, busiest: 0 },
      ],
    });
    clock.now += 19_000;
    await usage(egress);
    expect(clock.runs).toBe(1);
    clock.now += 2000;
    await usage(egress);
    expect(clock.runs).toBe(2);
  });

  it('has no values while conntrack fails, and says why once', async () => {
    const { clock, usage } = usageOf(() =>
      Promise.resolve({ exitCode: 1, stdout: '', stderr: 'not permitted' }),
    );
    for (let i = 0; i < 3; i += 1) {
      expect(await usage(egress)).toBeUndefined();
      clock.now += 30_000;
    }
    expect(clock.runs).toBe(3);
    expect(log).toEqual([expect.stringContaining('not permitted')]);
  });

  it('runs nothing where there is no source NAT', async () => {
    const { clock, usage } = usageOf(() => Promise.reject(new Error('not asked')));
    expect(await usage([])).toBeUndefined();
    expect(clock.runs).toBe(0);
  });
});
