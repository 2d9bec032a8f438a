import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFakeHost, type FakeHost } from '../../tests/fake-host/fake-host.ts';
import { dockerChains } from '../../tests/fake-host/iptables.ts';
import type { Event, Fault } from '../../tests/fake-host/faults.ts';
import { networkFile } from '../../tests/fake-host/podman.ts';
import { applyTo, journalPath, ledgerPath, noPause, specOf, testRun } from '../../tests/scenario/play.ts';
import type { Work } from '../host/progress.ts';
import { createEngines } from '../engines/index.ts';
import { hostRole } from '../topology/topology.ts';
import { applyPlan } from './apply.ts';
import { readJournal } from './journal.ts';
import { openLedger } from './ledger-keeper.ts';
import { type Target, noRole, prepare } from '../inspect/prepare.ts';

/** A node of three networks that is also a member of a gateway: its plan has every kind of step. */
const first = `
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2, node2: 192.168.50.11 }
networks:
  made: { engine: podman, subnets: { here: 10.89.4.0/24 }, via: office }
  found: { engine: podman, subnets: { here: 10.89.5.0/24 }, via: office, direct: [192.168.50.0/24] }
  far: { engine: external, subnets: { node2: 10.90.0.0/16 }, via: own }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
  own: { members: [{ host: here, uplink: { device: gre1 } }], snat: masquerade }
`;

/** Nearly everything differs from `first`. */
const second = `
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.3, node2: 192.168.50.11 }
networks:
  found: { engine: podman, subnets: { here: 10.89.5.0/24 }, via: office }
  new: { engine: external, subnets: { here: 10.89.4.0/25 }, via: office }
  far: { engine: external, subnets: { node2: 10.90.0.0/17 }, via: own }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none, table: 300 }
  own: { members: [{ host: here, uplink: { device: gre1 } }], snat: 203.0.113.7 }
`;

function newHost(): FakeHost {
  const found = { name: 'found', subnets: ['10.89.5.0/24'], bridge: 'cni-podman1', masquerade: true };
  return createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false },
      { name: 'gre1', up: true, addresses: ['172.31.0.1/30'], pointToPoint: true },
    ],
    sysctls: { '/proc/sys/net/ipv4/conf/eth0/forwarding': '1' },
    files: new Map([networkFile('cni', found)]),
    flows: ['10.89.4.7', '192.168.50.10'],
    podman: { backend: 'cni', containers: [] },
    iptables: dockerChains,
  });
}

function targetOf(host: FakeHost, file: string | undefined): Target {
  const ports = { host, engines: createEngines({}) };
  if (file === undefined) return { ...ports, ...noRole };
  const spec = specOf(file);
  return { ...ports, role: hostRole(spec, 'here'), gateways: spec.gateways };
}

async function hostWith(files: readonly (string | undefined)[]): Promise<FakeHost> {
  const host = newHost();
  for (const file of files) await applyTo(targetOf(host, file));
  return host;
}

/** From one file to another; an absent file means `destroy`. */
const journeys = [
  { name: 'apply', before: [], to: first },
  { name: 'a change', before: [first], to: second },
  { name: 'destroy', before: [first], to: undefined },
];

/** The folder of an empty ledger may stay: another network namespace may use it. */
function isAboutFolder({ what }: Event): boolean {
  return what === `remove ${dirname(ledgerPath)}`;
}

/** All failures of commands during the run of a plan, batches line by line. */
async function faultsOf(
  before: readonly string[],
  to: string | undefined,
): Promise<(Fault & { index: number; dangerous: boolean })[]> {
  const host = await hostWith(before);
  const start = host.events.length;
  const target = targetOf(host, to);
  await readJournal(host.files, journalPath);
  await prepare(target, (await openLedger(host.files, ledgerPath)).ledger);
  const prepared = host.events.length - start;
  const again = await hostWith(before);
  await applyTo(targetOf(again, to));
  return (
    again.events
      .slice(start + prepared)
      .filter((event) => !isAboutFolder(event))
      // destroy works without an engine that fails.
      .filter(({ what }) => to !== undefined || !/^podman (info|ps)|containers\.conf|\/etc\/cni\//.test(what))
      .flatMap(({ index, what, input, changes: dangerous }) => {
        const lines = what.includes('-batch') ? input.split('\n').length - 1 : 1;
        return Array.from(
          { length: lines },
          (_, afterLine) => ({ kind: 'failed', index, afterLine, dangerous }) as const,
        );
      })
  );
}

describe.each(journeys)('failures in $name', { timeout: 240_000 }, ({ before, to }) => {
  it('restore the previous state including the ledger, and the error says so', async () => {
    const faults = await faultsOf(before, to);
    expect(faults.length).toBeGreaterThan(20);
    for (const fault of faults) {
      const host = await hostWith(before);
      const start = host.dump();
      host.failWhen(({ index }) => (index === fault.index ? fault : undefined));
      const what = JSON.stringify({ ...fault, at: host.events.length });
      const error: unknown = await applyTo(targetOf(host, to)).catch((thrown: unknown) => thrown);
      expect(`${what}: ${String(error)}`).toMatch(/injected by the test.*; everything is as it was before$/s);
      expect([what, host.dump()]).toEqual([what, start]);
    }
  });

  it('by a kill are repaired by the next run', async () => {
    const wanted = (await hostWith([...before, to])).dump();
    const clean = newHost().dump();
    // Commands that only read leave nothing to repair.
    const faults = (await faultsOf(before, to)).filter(({ dangerous }) => dangerous);
    expect(faults.length).toBeGreaterThan(10);
    for (const fault of faults) {
      const killed = async (): Promise<FakeHost> => {
        const host = await hostWith(before);
        host.failWhen(({ index }) =>
          index < fault.index
            ? undefined
            : { kind: 'killed', afterLine: index === fault.index ? (fault.afterLine ?? 0) : 0 },
        );
        await expect(applyTo(targetOf(host, to))).rejects.toThrow('by the test');
        host.failWhen();
        return host;
      };
      const again = await killed();
      await applyTo(targetOf(again, to));
      expect([fault, again.dump()]).toEqual([fault, wanted]);
      const away = await killed();
      await applyTo(targetOf(away, undefined));
      expect([fault, away.dump()]).toEqual([fault, clean]);
    }
  });

  it('by an interruption stop and undo the run', async () => {
    const { plan } = await prepareOn(await hostWith(before), to);
    for (const stop of plan.steps.keys()) {
      const host = await hostWith(before);
      const start = host.dump();
      const stopper = new AbortController();
      const progress = ({ step }: Work): void => {
        if (step?.name === 'step' && step.number === stop + 1) stopper.abort();
      };
      const running = prepareOn(host, to).then((prepared) =>
        applyPlan(
          prepared.target,
          prepared,
          { ...prepared, progress },
          { ...testRun, signal: stopper.signal },
        ),
      );
      await expect(running).rejects.toMatchObject({ code: 'interrupted' });
      expect(host.dump()).toBe(start);
    }
  });
});

async function prepareOn(host: FakeHost, file: string | undefined) {
  const target = targetOf(host, file);
  const keeper = await openLedger(host.files, ledgerPath);
  return { ...(await prepare(target, keeper.ledger)), ...target, target, keeper, pause: noPause };
}

describe('apply', () => {
  it('deletes conntrack entries of container connections only', async () => {
    expect((await hostWith([first])).state.flows).toEqual(['192.168.50.10']);
  });

  it('runs no command that changes the host when nothing is to do', async () => {
    const host = await hostWith([first]);
    const before = host.events.length;
    await applyTo(targetOf(host, first));
    expect(host.events.slice(before).filter((event) => event.changes)).toEqual([]);
  });

  it('keeps a network that it failed to create, since it may be foreign', async () => {
    const host = newHost();
    host.failWhen(({ what }) => (what.startsWith('podman network create') ? { kind: 'failed' } : undefined));
    await expect(applyTo(targetOf(host, first))).rejects.toThrow('everything is as it was before');
    expect(host.events.map(({ what }) => what).filter((what) => what.includes('network'))).toHaveLength(1);
  });

  it('continues with destroy after an error, and reports the error', async () => {
    const host = await hostWith([first]);
    host.failWhen(({ what }) => (what.startsWith('conntrack') ? { kind: 'failed' } : undefined));
    const target = targetOf(host, undefined);
    const prepared = await prepareOn(host, undefined);
    const running = applyPlan(target, prepared, prepared, { ...testRun, onFailure: 'force' });
    await expect(running).rejects.toThrow(/conntrack/);
    host.failWhen();
    // Flows whose conntrack entries could not be deleted stay blocked; everything else is removed.
    expect([...(host.state.nft?.chains.keys() ?? [])]).toEqual(['closing', 'closing_replies']);
    await applyTo(targetOf(host, undefined));
    expect(host.dump()).toBe(newHost().dump());
  });

  it('changes nothing when a program that it needs is missing', async () => {
    const host = newHost();
    const start = host.events.length;
    host.failWhen(({ what }) => (what === 'conntrack --version' ? { kind: 'failed' } : undefined));
    await expect(applyTo(targetOf(host, first))).rejects.toThrow('everything is as it was before');
    expect(host.events.slice(start).filter(({ changes }) => changes)).toEqual([]);
  });

  it('deletes a rule with our protocol for all packets, and no other rule in its place', async () => {
    const host = await hostWith([first]);
    const wanted = host.dump();
    const closed = host.state.rules.filter(({ preference }) => preference === 4200);
    expect(closed.length).toBeGreaterThan(1);
    const { from: _, ...everything } = closed.find(({ from }) => from !== undefined) ?? {};
    const after = host.state.rules.findIndex(({ preference }) => preference > 4200);
    host.state.rules = host.state.rules.toSpliced(after, 0, everything as (typeof closed)[number]);
    const drifted = host.dump();
    await applyTo(targetOf(host, first));
    expect(sorted(host.dump())).toEqual(sorted(wanted));
    // Undo deletes the right rule, too.
    const again = await hostWith([first]);
    again.state.rules = again.state.rules.toSpliced(after, 0, everything as (typeof closed)[number]);
    let left = 1;
    again.failWhen(({ what }) =>
      what.startsWith('conntrack -D') && left-- > 0 ? { kind: 'failed' } : undefined,
    );
    await expect(applyTo(targetOf(again, second))).rejects.toThrow('everything is as it was before');
    expect(sorted(again.dump())).toEqual(sorted(drifted));
  });

  it.each([1, 2])(
    'removes nothing when flows cannot be blocked first: nft fails at call %d',
    async (call) => {
      const host = await hostWith([first]);
      const before = sorted(host.dump());
      const failOnce = (): void => {
        let calls = 0;
        host.failWhen(({ what }) => {
          if (what !== 'nft -f -') return undefined;
          calls += 1;
          return calls === call ? { kind: 'failed' } : undefined;
        });
      };
      failOnce();
      const run = { verb: 'destroy', onFailure: 'continue' } as const;
      await expect(applyTo(targetOf(host, undefined), run)).rejects.toThrow(
        /nothing is taken away, because flows could not be blocked: .*; everything is as it was before/s,
      );
      expect(sorted(host.dump())).toEqual(before);
      // With `force`, the other steps still run.
      failOnce();
      await expect(applyTo(targetOf(host, undefined), { ...run, onFailure: 'force' })).rejects.toThrow(
        'some steps failed',
      );
      expect(host.state.rules.some(({ preference }) => preference === 4100)).toBe(false);
    },
  );

  it('restores the previous state by a plan when undoing a step fails', async () => {
    const host = await hostWith([first]);
    const before = sorted(host.dump());
    // The reset of connections is tried twice; the third nft call is the first inverse.
    let [broken, left] = [false, 3];
    host.failWhen(({ what, input }) => {
      broken ||= input.includes('lookup 300');
      if (broken && input.includes('lookup 300')) return { kind: 'failed' };
      return broken && what === 'nft -f -' && left-- > 0 ? { kind: 'failed' } : undefined;
    });
    await expect(applyTo(targetOf(host, second))).rejects.toThrow('everything is as it was before');
    expect(left).toBeLessThanOrEqual(0);
    expect(sorted(host.dump())).toEqual(before);
  });

  it('reports what is left when undo fails, too', async () => {
    const host = newHost();
    host.failWhen(({ what, input }) =>
      what === 'ip -force -4 -batch -' || /rule delete|lookup 2184/.test(input)
        ? { kind: 'failed' }
        : undefined,
    );
    const error: unknown = await applyTo(targetOf(host, first)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'failed',
      hint: expect.stringContaining('mustredirect destroy') as unknown,
    });
    expect(String(error)).toMatch(
      /not everything could be undone: .*; - rule 4200: from 10\.90\.0\.0\/16 fwmark 0x0\/0x1000 prohibit/s,
    );
    // The ledger still has the values to restore.
    host.failWhen();
    await applyTo(targetOf(host, undefined));
    expect(host.dump()).toBe(newHost().dump());
  });

  it('reports that the host can no longer be read', async () => {
    const host = newHost();
    let broken = false;
    host.failWhen(({ input }) => {
      broken ||= input.includes('lookup');
      return broken ? { kind: 'failed' } : undefined;
    });
    await expect(applyTo(targetOf(host, first))).rejects.toThrow(
      /injected by the test.*not everything could be undone/s,
    );
  });

  it('reports a host that differs from the desired state after the run', async () => {
    const host = newHost();
    const { exec } = host;
    const withoutProhibit = {
      ...host,
      exec: {
        run: async (argv: readonly string[], options?: Parameters<typeof exec.run>[1]) =>
          options?.input?.includes('prohibit')
            ? { exitCode: 0, stdout: '', stderr: '' }
            : exec.run(argv, options),
      },
    };
    const target = { ...targetOf(host, first), host: withoutProhibit };
    await expect(applyTo(target)).rejects.toThrow(
      /still differs from what was set: .*rule 4200: from 10\.90\.0\.0\/16 fwmark 0x0\/0x1000 prohibit/s,
    );
  });
});

/** Sorts lines: the order of rules with one preference does not matter. */
function sorted(dump: string): string[] {
  return dump.split('\n').sort();
}
