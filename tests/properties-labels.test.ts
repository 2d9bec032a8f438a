/** Properties of packets while networks with and without a label come and go. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fate } from './fake-host/packet.ts';
import { type FileOptions, type Made, fates, make, newHost, read, remove, targetOf } from './given/labels.ts';
import { applyTo, planText } from './scenario/play.ts';

const labels = ['office', 'mail', 'nobody', undefined] as const;
type Label = (typeof labels)[number];

/** Last byte of the next hop that a label gives; undefined: none. */
const hopOf: Readonly<Record<string, string>> = { office: '2', mail: '3' };

/** One for each network: absent, or present with a label. */
const states = fc.array(fc.option(fc.constantFrom(...labels), { nil: 'absent' as const }), {
  minLength: 3,
  maxLength: 3,
});

const subnetsOf = (number: number): string[] => [`10.89.${number}.0/24`, `fd89:${number}::/64`];
const madeOf = (number: number, label: Label): Made => ({
  name: `net${number}`,
  subnets: subnetsOf(number),
  bridge: `podman${number}`,
  ...(label === undefined ? {} : { gateway: label }),
});

function hopIn(fate: Fate): string | undefined {
  return fate.kind === 'leaves' ? /(\d+)$/.exec(fate.nextHop)?.[1] : undefined;
}

/** Leaks of one state, with what each network was before: then its old redirect may still stand. */
function leaksIn(
  host: ReturnType<typeof newHost>,
  before: readonly (Label | 'absent')[],
  after: readonly (Label | 'absent')[],
): string[] {
  return after.flatMap((label, number) => {
    if (label === 'absent') return [];
    const allowed = [hopOf[before[number] ?? ''], hopOf[label ?? '']];
    return fates(host, madeOf(number, label)).flatMap((fate) => {
      const hop = hopIn(fate);
      return hop === undefined || allowed.includes(hop) ? [] : [`net${number} (${label}) by .${hop}`];
    });
  });
}

describe('networks that come and go', () => {
  it.each([
    ['by source', 0],
    ['by mark', 9],
  ])(
    'with `unlabelled: block`, send nothing elsewhere at any moment, and end where their labels say: %s',
    async (_, more) => {
      const options: FileOptions = { unlabelled: 'block', more };
      await fc.assert(
        fc.asyncProperty(fc.array(states, { minLength: 1, maxLength: 3 }), async (steps) => {
          const host = newHost();
          await applyTo(targetOf(host, options));
          let before: readonly (Label | 'absent')[] = ['absent', 'absent', 'absent'];
          for (const after of steps) {
            before.forEach((label, number) => label === 'absent' || remove(host, madeOf(number, label)));
            after.forEach((label, number) => label === 'absent' || make(host, madeOf(number, label)));
            const leaks = new Set(leaksIn(host, before, after));
            host.watch(() => leaksIn(host, before, after).forEach((leak) => leaks.add(leak)));
            await applyTo(targetOf(host, options));
            host.watch(() => {});
            expect([...leaks]).toEqual([]);
            after.forEach((label, number) => {
              if (label === 'absent') return;
              const hop = hopOf[label ?? ''];
              expect(fates(host, madeOf(number, label)).map(hopIn)).toEqual([hop, hop]);
            });
            expect(planText(await read(host, options))).toBe('');
            before = after;
          }
        }),
        { numRuns: 15 },
      );
    },
  );

  it('the check sees a leak when the pool is left open', async () => {
    const host = newHost();
    await applyTo(targetOf(host));
    make(host, madeOf(0, 'office'));
    expect(leaksIn(host, ['absent'], ['office'])).toEqual(['net0 (office) by .1', 'net0 (office) by .1']);
  });
});
