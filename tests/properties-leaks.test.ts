/** Properties of packets for any two files. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Family, contains, families, familyOf } from '../src/address/cidr.ts';
import { noRole } from '../src/inspect/prepare.ts';
import type { Spec } from '../src/spec/spec.ts';
import type { FakeHost } from './fake-host/fake-host.ts';
import { hostsOwn } from './fake-host/nft-compile.ts';
import { type Fate, fateOf } from './fake-host/packet.ts';
import type { FakeState } from './fake-host/state.ts';
import { type Drift, driftForeign, driftOurs, drifts } from './property/drift.ts';
import { newHost, setups, targetOf } from './property/host.ts';
import { bridgesWith, findLeak, leavingSources, redirectedSources } from './property/leak.ts';
import { mishaps, suffer } from './property/mishap.ts';
import { leaksDuring } from './property/moments.ts';
import { numRuns, runsText, timeout } from './property/runs.ts';
import { remakesTunnel, sources, specs } from './property/specs.ts';
import { inFamily } from './property/twins.ts';
import { applyTo } from './scenario/play.ts';

async function apply(host: FakeHost, spec: Spec): Promise<void> {
  const { desired } = await applyTo(targetOf(host, spec));
  expect(desired.refusals).toEqual([]);
}

function destroy(host: FakeHost, spec: Spec): Promise<unknown> {
  return applyTo({ ...targetOf(host, spec), ...noRole });
}

describe(`any two files (${runsText})`, { timeout }, () => {
  it('cause no leak at any moment of apply, change and destroy', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, async (setup, before, after) => {
        const host = newHost(setup);
        const [first, second] = [redirectedSources(before), redirectedSources(after)];
        const begins = { between: [before], closed: first, leaving: [] };
        expect(await leaksDuring(host, begins, () => apply(host, before))).toEqual([]);
        // A tunnel that is made anew comes in a second round, after what left the file was released in the first.
        const leaving = remakesTunnel(before, after) ? [] : leavingSources(before, after);
        const changes = { between: [before, after], closed: second, leaving };
        expect(await leaksDuring(host, changes, () => apply(host, after))).toEqual([]);
        expect(findLeak(host.state, [after])).toBeUndefined();
        const ends = { between: [after], closed: [], leaving: second };
        expect(await leaksDuring(host, ends, () => destroy(host, after))).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('cause no leak from the first step on, after any foreign changes', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, drifts, async (setup, before, after, drift) => {
        const host = newHost(setup);
        await apply(host, before);
        await driftForeign(host, drift);
        driftOurs(host, withoutNewWays(drift));
        const course = { between: [before, after], closed: redirectedSources(after), leaving: [] };
        expect(await leaksDuring(host, course, () => apply(host, after))).toEqual([]);
        expect(findLeak(host.state, [after])).toBeUndefined();
      }),
      { numRuns },
    );
  });

  it('cause no leak while a run is undone', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, mishaps, async (setup, before, after, mishap) => {
        const host = newHost(setup);
        await apply(host, before);
        const run = async (): Promise<void> => {
          suffer(host, mishap);
          await applyTo(targetOf(host, after)).catch(() => {});
          host.failWhen();
        };
        const [first, wanted] = [redirectedSources(before), redirectedSources(after)];
        const closed = first.filter((source) => wanted.includes(source));
        // Without a failure, the run ends with the second file.
        const ends = [...first, ...wanted];
        const course = { between: [before, after], closed, leaving: leavingSources(after, before), ends };
        expect(await leaksDuring(host, course, run)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('cause no leak when a run is killed and the next one finishes it', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, mishaps, async (setup, before, after, mishap) => {
        const host = newHost(setup);
        await apply(host, before);
        const run = async (): Promise<void> => {
          suffer(host, { ...mishap, kind: 'killed' });
          await applyTo(targetOf(host, after)).catch(() => {});
          host.failWhen();
          await apply(host, after);
        };
        const course = { between: [before, after], closed: redirectedSources(after), leaving: [] };
        expect(await leaksDuring(host, course, run)).toEqual([]);
        expect(findLeak(host.state, [after])).toBeUndefined();
      }),
      { numRuns },
    );
  });

  it('cause no leak when one layer is lost, and a visible leak when all are lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        specs.filter((spec) => redirectedSources(spec).length > 0),
        async (spec) => {
          const host = newHost();
          await apply(host, spec);
          for (const loss of losses) {
            const lost = { ...host.state };
            for (const layer of loss) Object.assign(lost, without[layer](lost));
            // The guard's table removes our mark from packets that did not get it from us.
            const marks = lost.nft ? undefined : [0];
            expect([loss, findLeak(lost, [spec], redirectedSources(spec), marks)]).toEqual([loss, undefined]);
          }
          expect(findLeak(newHost().state, [spec])).toBeDefined();
        },
      ),
      { numRuns },
    );
  });

  it('route every redirected packet by the egress of the file, and no packet with a foreign source', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, async (setup, before, after) => {
        const host = newHost(setup);
        await apply(host, before);
        await apply(host, after);
        const { role } = targetOf(host, after);
        const fates = sources.map((source) => {
          const network = role.networks.find(({ subnets }) =>
            subnets.some((subnet) => contains(subnet, source)),
          );
          const ingress =
            bridgesWith(host.state, source).find(({ name }) => name === network?.name)?.bridge ??
            ownBridge(host.state, source);
          const destination = inFamily(familyOf(source), '9.9.9.9');
          return fateOf(host.state, { source, destination, ...(ingress === undefined ? {} : { ingress }) });
        });
        const byMark = families.filter((family) => isByMark(host.state, family));
        expect(fates).toMatchObject(sources.map((source) => wantedFate(source, role, byMark)));
        const bridges = host.state.nft?.sets.get('bridges')?.elements ?? [];
        for (const bridge of bridges.map((element) => element.slice(1, -1))) {
          for (const family of families) {
            const [source, destination] = [inFamily(family, '10.77.0.5'), inFamily(family, '9.9.9.9')];
            expect(fateOf(host.state, { source, destination, ingress: bridge })).toEqual({
              kind: 'stopped',
              by: 'guard',
            });
            const elsewhere = fateOf(host.state, { source, destination, ingress: 'br0' });
            expect(elsewhere).toMatchObject({ kind: 'leaves' });
          }
        }
      }),
      { numRuns },
    );
  });
});

/** Foreign elements in the guard's sets look like earlier ones of ours, and are removed with the last step. */
function withoutNewWays(drift: Drift): Drift {
  return { ...drift, table: drift.table.filter(({ kind }) => kind !== 'element-added') };
}

const without = {
  guard: (): Partial<FakeState> => ({ nft: undefined }),
  steer: (state: FakeState): Partial<FakeState> => ({ rules: withoutPreference(state, 4100) }),
  table: ({ routes }: FakeState): Partial<FakeState> => ({
    routes: routes.filter(({ table }) => table === 254),
  }),
  closed: (state: FakeState): Partial<FakeState> => ({ rules: withoutPreference(state, 4200) }),
};
const losses = [
  ['guard'],
  ['steer'],
  ['table'],
  ['closed'],
  // Two layers at once, to test the layers behind them.
  ['guard', 'steer'],
  ['guard', 'table'],
  ['steer', 'closed'],
  ['table', 'closed'],
] as const;

/** Bridge of a source in our table, which may outlive the network that podman removed. */
function ownBridge({ nft }: FakeState, source: string): string | undefined {
  const own = [...(nft?.sets ?? [])].filter(([name]) => name.startsWith('own'));
  const known = own.flatMap(([name, { elements }]) =>
    elements.map((element) => {
      const [address = '', bridge = ''] = element.split(' . ');
      return { subnet: `${address}/${name.split('_').at(-1)}`, bridge: bridge.slice(1, -1) };
    }),
  );
  return known.find(({ subnet }) => contains(subnet, source))?.bridge;
}

type Role = ReturnType<typeof targetOf>['role'];

/** Whether packets are steered by fwmark: the rules to the gateways have no source. */
function isByMark({ rules }: FakeState, family: Family): boolean {
  return rules.some((rule) => rule.family === family && rule.preference === 4100 && rule.from === undefined);
}

/**
 * Expected fate of a packet, as far as the file decides it.
 *
 * @param byMark families steered by fwmark: there, a policy blocks packets without egress; elsewhere, a rule does
 */
function wantedFate(
  source: string,
  { networks, gateways, unservedSubnets = [] }: Role,
  byMark: readonly Family[],
): Partial<Fate> {
  const stopped = { kind: 'stopped', by: byMark.includes(familyOf(source)) ? 'policy' : 'rule' } as const;
  const network = networks.find(({ subnets }) => subnets.some((subnet) => contains(subnet, source)));
  const ofFamily = (address: string): boolean => familyOf(address) === familyOf(source);
  if (network?.blocked.includes(familyOf(source))) return stopped;
  if (network) return { kind: 'leaves', nextHop: network.nextHops.find(ofFamily) ?? '', source };
  const gateway = gateways.find(({ served }) => served.some(({ subnet }) => contains(subnet, source)));
  if (!gateway) {
    const closed = unservedSubnets.some((subnet) => contains(subnet, source));
    return closed ? stopped : { kind: 'leaves', table: 254 };
  }
  const { uplink, snat } = gateway;
  const seen =
    snat === 'masquerade'
      ? hostsOwn(familyOf(source))
      : snat === 'none'
        ? source
        : (snat.find(ofFamily) ?? '');
  return { kind: 'leaves', device: uplink.device, source: seen };
}

function withoutPreference({ rules }: FakeState, preference: number): FakeState['rules'] {
  return rules.filter((rule) => rule.preference !== preference);
}
