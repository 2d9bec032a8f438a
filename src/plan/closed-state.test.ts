import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeHost, type FakeHost } from '../../tests/fake-host/fake-host.ts';
import { newHost, targetOf } from '../../tests/property/host.ts';
import { findLeak, redirectedSources } from '../../tests/property/leak.ts';
import { leaksDuring } from '../../tests/property/moments.ts';
import { specs } from '../../tests/property/specs.ts';
import { applyTo, ledgerPath, planText } from '../../tests/scenario/play.ts';
import { type Target, prepare } from '../inspect/prepare.ts';
import { readLedger } from '../host/files/ledger-store.ts';
import type { Spec } from '../spec/spec.ts';

const timeout = 60_000;

const redirecting = specs.filter((spec) => redirectedSources(spec).length > 0);

function closedTarget(host: FakeHost, spec: Spec): Target {
  return { ...targetOf(host, spec), closed: true };
}

/** Host at boot: only the loopback link, and no route. Both appear after the closed state is applied. */
async function closedAtBoot(spec: Spec): Promise<FakeHost> {
  const host = createFakeHost({ links: [] });
  const prepared = await applyTo(closedTarget(host, spec));
  expect(prepared.desired.refusals).toEqual([]);
  const { links, routes, podman } = newHost().state;
  Object.assign(host.state, { links, podman, routes: [...routes, ...host.state.routes] });
  return host;
}

describe('the closed state', { timeout }, () => {
  it('needs no link, and blocks traffic when links appear', async () => {
    await fc.assert(
      fc.asyncProperty(redirecting, async (spec) => {
        expect(findLeak(newHost().state, [spec])).toBeDefined();
        const host = await closedAtBoot(spec);
        expect(findLeak(host.state, [spec])).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it('blocks leaks while apply opens redirected networks', async () => {
    await fc.assert(
      fc.asyncProperty(redirecting, async (spec) => {
        const host = await closedAtBoot(spec);
        const course = { between: [spec], closed: redirectedSources(spec), leaving: [] };
        expect(await leaksDuring(host, course, () => applyTo(targetOf(host, spec)))).toEqual([]);
        expect(findLeak(host.state, [spec])).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it('changes nothing when the file is applied, and removes nothing of another file', async () => {
    await fc.assert(
      fc.asyncProperty(specs, specs, async (spec, other) => {
        const host = newHost();
        await applyTo(targetOf(host, spec));
        const before = host.dump();
        const prepared = await prepare(closedTarget(host, spec), await readLedger(host.files, ledgerPath));
        expect(planText(prepared)).toBe('');
        await applyTo(closedTarget(host, other));
        const both = redirectedSources(spec).filter((source) => redirectedSources(other).includes(source));
        expect(findLeak(host.state, [spec, other], both)).toBeUndefined();
        await applyTo(targetOf(host, spec));
        expect(host.dump()).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});
