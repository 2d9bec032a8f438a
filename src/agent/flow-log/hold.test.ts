import { expect, it } from 'vitest';
import { createHold } from './hold.ts';

const mebibyte = 1024 ** 2;

/** Two programs, and what each of them was told. */
async function twoPrograms() {
  let pending = 0;
  const told: boolean[][] = [];
  const outputs: ((chunk: Buffer) => void)[] = [];
  const hold = createHold(
    {
      start: async (_argv, onOutput) => {
        const own: boolean[] = [];
        told.push(own);
        outputs.push(onOutput);
        return {
          pid: 7,
          ended: new Promise(() => {}),
          stop() {},
          hold: (held) => void own.push(held),
        };
      },
    },
    () => pending,
  );
  const print = (): void => void (pending += 5 * mebibyte);
  for (const name of ['ends', 'living']) await hold.start([name], print);
  const written = (characters: number): void => {
    pending -= characters;
    hold.look();
  };
  return { hold, told, outputs, written };
}

it('holds all programs while more than 8 MiB wait, until less than 1 MiB does', async () => {
  const { hold, told, outputs, written } = await twoPrograms();
  outputs[1]?.(Buffer.alloc(0));
  expect(told).toEqual([[], []]);
  outputs[1]?.(Buffer.alloc(0));
  expect(told).toEqual([[true], [true]]);
  written(8 * mebibyte);
  await hold.start(['another'], () => {});
  expect(told).toEqual([[true], [true], [true]]);
  written(2 * mebibyte);
  expect(told).toEqual([
    [true, false],
    [true, false],
    [true, false],
  ]);
});

it('holds them during a change, also one that fails', async () => {
  const { hold, told } = await twoPrograms();
  const change = hold.during(() => Promise.reject(new Error('x')));
  expect(told).toEqual([[true], [true]]);
  await expect(change).rejects.toThrow('x');
  expect(told).toEqual([
    [true, false],
    [true, false],
  ]);
});
