/**
 * What must hold of any two files. `PROPERTY_RUNS=2000` tries more of them than there is time for every day.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains } from '../src/address/cidr.ts';
import { applyPlan } from '../src/apply/apply.ts';
import { openLedger } from '../src/apply/ledger-keeper.ts';
import { nobody, prepare } from '../src/apply/prepare.ts';
import { elementText, ruleText } from '../src/host/nft-expression.ts';
import type { Spec } from '../src/spec/spec.ts';
import type { FakeHost } from './fake-host/fake-host.ts';
import { encodeElement, encodeRule } from './fake-host/nft-encode.ts';
import { hostsOwn } from './fake-host/nft-evaluate.ts';
import { type Fate, fateOf } from './fake-host/packet.ts';
import type { FakeState } from './fake-host/state.ts';
import { drifts } from './property/drift.ts';
import { newHost, targetOf } from './property/host.ts';
import { findLeak, redirectsHere } from './property/leak.ts';
import { walkMoments } from './property/moments.ts';
import { sources, specs } from './property/specs.ts';
import { applyTo, ledgerPath, planText } from './scenario/play.ts';

/** 60 take 10 s, 2000 five minutes */
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 60);
const timeout = 60_000 + numRuns * 200;

/** @returns the host, and what a second run would do */
async function apply(host: FakeHost, spec: Spec): Promise<string> {
  const { desired } = await applyTo(targetOf(host, spec));
  expect(desired.refusals).toEqual([]);
  const { ledger } = await openLedger(host.files, ledgerPath);
  return planText(await prepare(targetOf(host, spec), ledger));
}

describe('any two files', { timeout }, () => {
  it('lead from the first to the second, whatever others took away, and back to the start', async () => {
    await fc.assert(
      fc.asyncProperty(specs, specs, drifts, async (before, after, drift) => {
        const host = newHost();
        const start = host.dump();
        expect(await apply(host, before)).toBe('');
        drift(host.state);
        expect(await apply(host, after)).toBe('');
        await applyTo({ ...targetOf(host, after), ...nobody });
        expect(host.dump()).toBe(start);
      }),
      { numRuns },
    );
  });

  it('are undone from any step', async () => {
    await fc.assert(
      fc.asyncProperty(specs, specs, fc.nat({ max: 20 }), async (before, after, stop) => {
        const host = newHost();
        await apply(host, before);
        const start = host.dump();
        const target = targetOf(host, after);
        const keeper = await openLedger(host.files, ledgerPath);
        const prepared = await prepare(target, keeper.ledger);
        fc.pre(stop < prepared.plan.steps.length);
        let asked = 0;
        const interrupted = (): boolean => asked++ === stop;
        await expect(applyPlan(target, prepared, { ...target, keeper }, { interrupted })).rejects.toThrow(
          'everything is as it was before',
        );
        expect(host.dump()).toBe(start);
      }),
      { numRuns },
    );
  });

  it('let nothing out by another way at any moment in between', async () => {
    await fc.assert(
      fc.asyncProperty(specs, specs, async (before, after) => {
        const host = newHost();
        await walkMoments(targetOf(host, before), (move) => {
          expect([move, findLeak(host.state, [before])]).toEqual([move, undefined]);
        });
        await walkMoments(targetOf(host, after), (move) => {
          expect([move, findLeak(host.state, [before, after])]).toEqual([move, undefined]);
        });
        expect(findLeak(host.state, [after])).toBeUndefined();
      }),
      { numRuns },
    );
  });

  it('let nothing out when a layer is lost, and would be seen to when all are', async () => {
    await fc.assert(
      fc.asyncProperty(specs.filter(redirectsHere), async (spec) => {
        const lose = {
          guard: (state: FakeState) => (state.nft = undefined),
          steer: (state: FakeState) => (state.rules = withoutPreference(state, 4100)),
          table: (state: FakeState) => (state.routes = state.routes.filter(({ table }) => table === 254)),
          closed: (state: FakeState) => (state.rules = withoutPreference(state, 4200)),
        };
        const losses = [
          ['guard'],
          ['steer'],
          ['table'],
          ['closed'],
          // Two at once, for what stands behind them.
          ['guard', 'steer'],
          ['guard', 'table'],
          ['steer', 'closed'],
          ['table', 'closed'],
        ] as const;
        for (const loss of losses) {
          const host = newHost();
          await apply(host, spec);
          for (const layer of loss) lose[layer](host.state);
          // Our mark on a packet that does not have it from us is taken off by the guard's table.
          const marks = host.state.nft ? undefined : [0, 0x2000];
          expect([loss, findLeak(host.state, [spec], marks)]).toEqual([loss, undefined]);
        }
        expect(findLeak(newHost().state, [spec])).toBeDefined();
      }),
      { numRuns },
    );
  });

  it('lead every redirected packet out by the way of the file in the end', async () => {
    await fc.assert(
      fc.asyncProperty(specs, specs, async (before, after) => {
        const host = newHost();
        await apply(host, before);
        await apply(host, after);
        const { role } = targetOf(host, after);
        const fates = sources.map((source) => fateOf(host.state, { source, destination: '9.9.9.9' }));
        expect(fates).toMatchObject(sources.map((source) => wantedFate(source, role)));
      }),
      { numRuns },
    );
  });

  it('have rules and elements whose text survives the way to the kernel and back', async () => {
    await fc.assert(
      fc.asyncProperty(specs, async (spec) => {
        const { desired } = await prepare(targetOf(newHost(), spec), {
          gateways: {},
          sysctls: {},
          networks: [],
        });
        const objects = desired.wanted.map(({ object }) => object);
        const rules = objects.flatMap((object) => (object.kind === 'nft-chain' ? object.rules : []));
        expect(rules.map((rule) => ruleText(encodeRule(rule)))).toEqual(rules);
        const elements = objects.flatMap((object) =>
          object.kind === 'nft-set' ? object.elements.map((text) => ({ ...object, text })) : [],
        );
        expect(
          elements.map(({ text, counted, type }) => elementText(encodeElement(text, counted), type)),
        ).toEqual(elements.map(({ text }) => text));
      }),
      { numRuns },
    );
  });
});

type Role = ReturnType<typeof targetOf>['role'];

/** What of a fate the file decides. */
function wantedFate(source: string, { networks, gateways }: Role): Partial<Fate> {
  const network = networks.find(({ subnets }) => subnets.some((subnet) => contains(subnet, source)));
  if (network) return { kind: 'leaves', nextHop: network.nextHops[0] ?? '', source };
  const gateway = gateways.find(({ served }) => served.some(({ subnet }) => contains(subnet, source)));
  if (!gateway) return { kind: 'leaves', table: 254 };
  const { uplink, snat } = gateway;
  const seen = { masquerade: hostsOwn, none: source }[snat] ?? snat;
  return { kind: 'leaves', device: uplink.device, source: seen };
}

function withoutPreference({ rules }: FakeState, preference: number): FakeState['rules'] {
  return rules.filter((rule) => rule.preference !== preference);
}
