import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenFacts } from '../../../tests/given/facts.ts';
import { MustredirectError } from '../../error.ts';
import { interruptedError } from '../../host/process/interrupt.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import { findInterference } from './find-interference.ts';

const role = { host: 'node1', addresses: [], networks: [], gateways: [] };

/** A host on which every program fails with this error. */
function failing(failure: Error): LiveHost {
  const { files } = createFakeHost({ links: [] });
  const exec = { run: () => Promise.reject(failure) };
  const background = { start: () => Promise.reject(failure) };
  return { exec, files, background, node: 'node' };
}

describe('findInterference', () => {
  it('ends when it is interrupted', async () => {
    await expect(findInterference(failing(interruptedError()), role, givenFacts({}))).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it('reports why no packet was sent, so that the rest of the run continues', async () => {
    const error = new MustredirectError('failed', 'ip: took longer than 10 s', { hint: 'try again' });
    const { found, notProbed } = await findInterference(failing(error), role, givenFacts({}));
    expect(found).toEqual([]);
    expect(notProbed).toEqual([{ reason: 'no packet was sent: ip: took longer than 10 s; try again' }]);
  });
});
