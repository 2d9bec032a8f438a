import { expect, it } from 'vitest';
import { MustredirectError } from '../error.ts';
import { rejecting } from './rejected.ts';

async function rejectedAfter(error: Error): Promise<unknown[]> {
  const rejected: unknown[] = [];
  const failing = async (): Promise<boolean> => {
    throw error;
  };
  const reading = { kind: 'differs', what: '+ rule', repair: failing } as const;
  const told = rejecting(reading, (one) => rejected.push(one));
  await expect(told.kind === 'differs' && told.repair()).rejects.toBe(error);
  return rejected;
}

it('a file whose run fails is rejected', async () => {
  const error = new MustredirectError('failed', 'nft: exit 1');
  expect(await rejectedAfter(error)).toEqual([error]);
});

it.each(['busy', 'interrupted'] as const)('a run that is %s says nothing about the file', async (code) => {
  expect(await rejectedAfter(new MustredirectError(code, code))).toEqual([]);
});
