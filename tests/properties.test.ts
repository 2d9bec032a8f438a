/** Properties of the states that any two files lead to. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLedger } from '../src/apply/ledger-keeper.ts';
import { noRole, prepare } from '../src/inspect/prepare.ts';
import { elementText, ruleText } from '../src/host/nft/expression.ts';
import type { Spec } from '../src/spec/spec.ts';
import type { NftSet } from '../src/kinds/nft-table/schema.ts';
import type { FakeHost } from './fake-host/fake-host.ts';
import { encodeElement, encodeRule } from './fake-host/nft-encode.ts';
import { type Drift, driftForeign, driftOurs, drifts } from './property/drift.ts';
import { type Mishap, mishaps, suffer } from './property/mishap.ts';
import { newHost, setups, targetOf } from './property/host.ts';
import { numRuns, runsText, timeout } from './property/runs.ts';
import { specs } from './property/specs.ts';
import { applyTo, ledgerPath, planText, stateFolder } from './scenario/play.ts';

/** @returns plan of a second run */
async function apply(host: FakeHost, spec: Spec): Promise<string> {
  const { desired } = await applyTo(targetOf(host, spec));
  expect(desired.refusals).toEqual([]);
  return leftToDo(host, spec);
}

async function leftToDo(host: FakeHost, spec: Spec): Promise<string> {
  const { ledger } = await openLedger(host.files, ledgerPath);
  return planText(await prepare(targetOf(host, spec), ledger));
}

function destroy(host: FakeHost, spec: Spec): Promise<unknown> {
  return applyTo({ ...targetOf(host, spec), ...noRole });
}

async function drifted(host: FakeHost, drift: Drift): Promise<void> {
  await driftForeign(host, drift);
  driftOurs(host, drift);
}

describe(`any two files (${runsText})`, { timeout }, () => {
  it('lead from the first to the second after any foreign changes, and back to the start with foreign objects kept', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, drifts, async (setup, before, after, drift) => {
        const host = newHost(setup);
        expect(await apply(host, before)).toBe('');
        await drifted(host, drift);
        expect(await apply(host, after)).toBe('');
        await destroy(host, after);
        const untouched = newHost(setup);
        await driftForeign(untouched, drift);
        expect(host.dump()).toBe(untouched.dump());
      }),
      { numRuns },
    );
  });

  it('change nothing in a second run', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, drifts, async (setup, before, after, drift) => {
        const host = newHost(setup);
        await apply(host, before);
        await drifted(host, drift);
        await apply(host, after);
        const [once, changes] = [host.dump(), changesOf(host)];
        await apply(host, after);
        expect([host.dump(), changesOf(host)]).toEqual([once, changes]);
      }),
      { numRuns },
    );
  });

  it('are undone from any step, and from any line of a batch', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, drifts, mishaps, async (setup, before, after, drift, mishap) => {
        const host = newHost(setup);
        await apply(host, before);
        await drifted(host, drift);
        const start = withoutBridges(host.dump());
        const error = await failing(host, after, mishap);
        if (error === undefined) return;
        expect(error).toContain('everything is as it was before');
        expect(withoutBridges(host.dump())).toBe(start);
      }),
      { numRuns },
    );
  });

  it('are finished by the next run when a run is killed at any step or line', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, mishaps, async (setup, before, after, mishap) => {
        const [host, straight] = [newHost(setup), newHost(setup)];
        for (const each of [host, straight]) await apply(each, before);
        await failing(host, after, { ...mishap, kind: 'killed' });
        expect(await apply(host, after)).toBe('');
        await apply(straight, after);
        expect(host.dump()).toBe(straight.dump());
      }),
      { numRuns },
    );
  });

  it('are removed by destroy after a run and destroy itself are killed', async () => {
    await fc.assert(
      fc.asyncProperty(setups, specs, specs, mishaps, async (setup, before, after, mishap) => {
        const host = newHost(setup);
        const start = host.dump();
        await apply(host, before);
        await failing(host, after, { ...mishap, kind: 'killed' });
        suffer(host, { ...mishap, kind: 'killed' });
        await destroy(host, after).catch(() => {});
        host.failWhen();
        await destroy(host, after);
        expect(host.dump()).toBe(start);
      }),
      { numRuns },
    );
  });

  it('have rules and elements with text that stays the same when read back', async () => {
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
        expect(elements.map(survivor)).toEqual(elements.map(({ text }) => text));
      }),
      { numRuns },
    );
  });
});

/** Map elements are pairs of key and verdict. */
function survivor({ text, counted, type }: NftSet & { readonly text: string }): string | undefined {
  const encoded = encodeElement(text, counted);
  if (!Array.isArray(encoded)) return elementText(encoded, type);
  const [key, verdict] = encoded as unknown[];
  return `${elementText(key, type)} : ${ruleText([verdict])}`;
}

/** @returns the error, if the run reached the mishap and failed */
async function failing(host: FakeHost, spec: Spec, mishap: Mishap): Promise<string | undefined> {
  const happened = suffer(host, mishap);
  const error = await applyTo(targetOf(host, spec)).then(
    () => undefined,
    (cause: unknown) => String(cause),
  );
  host.failWhen();
  // An empty folder that cannot be removed is not an error.
  const matters = happened() !== undefined && happened() !== `remove ${stateFolder}`;
  expect([error !== undefined, happened()]).toEqual([matters, happened()]);
  return error;
}

/** A network that podman recreates may get another bridge. */
function withoutBridges(dump: string): string {
  return dump.replaceAll(/\b(cni-)?podman\d+/g, 'podman#');
}

function changesOf({ events }: FakeHost): number {
  return events.filter(({ changes }) => changes).length;
}
