/** Flows that a run must end because an earlier run was interrupted, or left old and new rules side by side. */
import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenRuns, recordedCaller } from '../../../tests/given/runs.ts';
import { readJournal } from '../journal.ts';
import { undoOpenRun } from './earlier-run.ts';

const { places, contextOf, apply, destroy } = givenRuns();

function newHost(): FakeHost {
  const links = [
    { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false },
    { name: 'eth1', up: true, addresses: ['198.51.100.6/24'], pointToPoint: false },
  ];
  return createFakeHost({ links });
}

const networks = (numbers: readonly number[], host: string): string =>
  numbers
    .map((n) => `  net${n}: { engine: external, subnets: { ${host}: 10.89.${n}.0/24 }, via: office }`)
    .join('\n');

/** This host is the node of networks 10.89.N.0/24. */
const asNode = (numbers: readonly number[], gateway = '192.168.50.2'): string => `
version: 1
hosts: { here: 192.168.50.10, gw1: ${gateway} }
networks:
${networks(numbers, 'here')}
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`;

/** This host is the gateway of networks 10.89.N.0/24. */
const asGateway = (numbers: readonly number[], snat: string): string => `
version: 1
hosts: { here: 192.168.50.10, node1: 192.168.50.20 }
networks:
${networks(numbers, 'node1')}
gateways:
  office: { members: [{ host: here, uplink: { device: eth1, via: 198.51.100.1 } }], snat: ${snat} }
`;

async function undo(host: FakeHost): Promise<void> {
  const journal = await readJournal(host.files, places.journal);
  await undoOpenRun(recordedCaller(), contextOf(host), journal?.run ?? '', 0);
}

async function done(run: Promise<{ readonly status: number }>): Promise<void> {
  expect(await run).toMatchObject({ status: 0 });
}

describe('a partial undo leaves flows of the previous state, which end when', () => {
  it.each<[string, (host: FakeHost) => Promise<{ readonly status: number }>]>([
    ['another file is applied', (host) => apply(host, asNode([6], '192.168.50.4'))],
    ['everything is destroyed', destroy],
  ])('%s', async (_, next) => {
    const host = newHost();
    await done(apply(host, asNode([4])));
    await done(apply(host, asNode([5], '192.168.50.3'), { confirm: 0 }));
    host.failWhen(({ what, input }) => {
      // Before the next run, the networks that the undo restored have sent packets.
      if (what === `replace ${places.journal}`) host.state.flows = ['10.89.4.7', '10.89.5.7'];
      return input.includes('via 192.168.50.2') ? { kind: 'failed' } : undefined;
    });
    await expect(undo(host)).rejects.toThrow('not everything could be undone');
    expect(host.state.rules.some(({ from }) => from === '10.89.4.0/24')).toBe(true);
    await done(next(host));
    expect(host.state.flows).toEqual([]);
  });
});

describe('apply --closed of another file', () => {
  it('leaves old and new rules side by side, and the next apply ends the flows of both', async () => {
    const host = newHost();
    await done(apply(host, asGateway([4], 'masquerade')));
    await done(apply(host, asGateway([5], '198.51.100.9'), { closed: true }));
    host.state.flows = ['10.89.4.7', '10.89.5.7'];
    await done(apply(host, asGateway([4], 'masquerade')));
    expect(host.state.flows).toEqual([]);
  });

  it('leaves flows to the next apply when conntrack fails', async () => {
    const host = newHost();
    host.state.flows = ['10.89.4.7'];
    host.failWhen(({ what }) => (what.startsWith('conntrack') ? { kind: 'failed' } : undefined));
    expect(await apply(host, asNode([4]), { closed: true })).toMatchObject({ status: 1 });
    host.failWhen();
    expect(host.state.flows).toEqual(['10.89.4.7']);
    await done(apply(host, asNode([4])));
    expect(host.state.flows).toEqual([]);
  });
});

it('an undo ends only the flows of its run, even if a foreign program removed an object of ours', async () => {
  const host = newHost();
  await done(apply(host, asNode([4, 6, 8])));
  await done(apply(host, asNode([4, 6, 8, 10]), { confirm: 0 }));
  host.state.routes = host.state.routes.filter(({ type }) => type !== 'unreachable');
  host.state.flows = ['10.89.4.7', '10.89.6.7', '10.89.8.7', '10.89.10.7'];
  await undo(host);
  expect(host.state.flows).toEqual(['10.89.4.7', '10.89.6.7', '10.89.8.7']);
});

it('after a flushed table, conntrack entries are deleted and no connection is reset', async () => {
  const host = newHost();
  await done(apply(host, asNode([4, 6])));
  host.state.nft = undefined;
  host.state.flows = ['10.89.4.7'];
  const before = host.events.length;
  await done(apply(host, asNode([4, 6])));
  expect(host.state.flows).toEqual([]);
  expect(host.events.slice(before).filter(({ input }) => input.includes('closing'))).toEqual([]);
});

it('a ledger with an invalid subnet is refused, and no conntrack entry is deleted', async () => {
  const host = newHost();
  await done(apply(host, asNode([4])));
  const text = (await host.files.read(places.ledger)) ?? '';
  await host.files.replace(places.ledger, text.replaceAll('"10.89.4.0/24"', '"nonsense"'));
  expect(await apply(host, asNode([5]))).toMatchObject({
    status: 4,
    told: expect.arrayContaining([expect.stringContaining('not a state file of this version')]) as unknown,
  });
});
