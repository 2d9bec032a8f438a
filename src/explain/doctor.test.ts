import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { applyTo, ledgerPath, specOf } from '../../tests/scenario/play.ts';
import { type Target, prepare } from '../inspect/prepare.ts';
import { createEngines } from '../engines/index.ts';
import { MustredirectError } from '../error.ts';
import { readLedger } from '../host/files/ledger-store.ts';
import { hostRole } from '../topology/topology.ts';
import { diagnose, missingPrograms } from './doctor.ts';

const file = `
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2 }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office, bridge: br1 }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`;

function newHost(): FakeHost {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  return createFakeHost({ links: [link] });
}

function targetOf(host: FakeHost, text = file): Target {
  const spec = specOf(text);
  return { host, engines: createEngines({}), role: hostRole(spec, 'here'), gateways: spec.gateways };
}

async function diagnosis(target: Target) {
  return diagnose(await prepare(target, await readLedger(target.host.files, ledgerPath)));
}

describe('doctor', () => {
  it('returns no findings when the host matches the file', async () => {
    const host = newHost();
    await applyTo(targetOf(host));
    expect(await diagnosis(targetOf(host))).toEqual([]);
  });

  it('reports missing objects and their number', async () => {
    expect(await diagnosis(targetOf(newHost()))).toEqual([
      {
        problem: expect.stringMatching(/not as the file says: \+ nft table .*, and 12 more$/) as unknown,
        remedy: expect.stringContaining('`mustredirect apply` corrects them') as unknown,
      },
    ]);
  });

  it('reports refusals of the plan', async () => {
    const [first] = await diagnosis(targetOf(newHost(), file.replace('192.168.50.2', '10.1.1.1')));
    expect(first?.problem).toContain('not on a connected link');
  });

  it('reports warnings of the plan', async () => {
    const host = newHost();
    host.state.links = [
      ...host.state.links,
      { name: 'br1', up: true, addresses: ['10.89.4.1/24', 'fd00::1/64'], pointToPoint: false },
    ];
    await applyTo(targetOf(host));
    expect(await diagnosis(targetOf(host))).toEqual([
      {
        problem: expect.stringContaining('network web: br1 has fd00::1/64 too') as unknown,
        remedy: expect.stringContaining('add the subnet under `subnets:`') as unknown,
      },
    ]);
  });

  it('reports dropped packets', async () => {
    const host = newHost();
    await applyTo(targetOf(host));
    const target = targetOf(host);
    const prepared = await prepare(target, await readLedger(host.files, ledgerPath));
    const counters = [{ set: 'dropped4_24', element: '10.89.4.0', packets: 7, bytes: 700 }];
    expect(diagnose({ ...prepared, counters })[0]?.problem).toBe(
      'network web: 7 packets of 10.89.4.0/24 were dropped, because they would have left past the gateway',
    );
  });

  it('reports missing programs', async () => {
    const exec = {
      run: ([program = '']: readonly string[]) =>
        program === 'conntrack'
          ? Promise.reject(
              new MustredirectError('missing-tool', 'conntrack: not found', { hint: 'install it' }),
            )
          : Promise.resolve({ exitCode: 0, stdout: '', stderr: '' }),
    };
    expect(await missingPrograms(exec)).toEqual([{ problem: 'conntrack: not found', remedy: 'install it' }]);
  });
});
