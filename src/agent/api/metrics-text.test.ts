import { expect, it } from 'vitest';
import { createMetricsText } from './metrics-text.ts';
import { wholeInput } from './metrics/fake-input.ts';

it('makes one text a second, for however many ask, and another one after a failure', async () => {
  let [time, made] = [0, 0];
  let fails = false;
  const input = () => {
    made += 1;
    return fails ? Promise.reject(new Error('no')) : Promise.resolve(wholeInput);
  };
  const text = createMetricsText({ now: () => time, input });
  const all = await Promise.all(Array.from({ length: 50 }, () => text()));
  expect(all[0]?.toString()).toContain('mustredirect_healthy 0\n');
  time = 999;
  await text();
  expect(made).toBe(1);
  [time, fails] = [2000, true];
  await expect(text()).rejects.toThrow('no');
  fails = false;
  expect((await text()).equals(all[0] ?? Buffer.alloc(0))).toBe(true);
  expect(made).toBe(3);
});
