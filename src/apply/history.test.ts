import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../tests/fake-host/fake-host.ts';
import {
  type History,
  appliedBefore,
  appliedNow,
  readHistory,
  recordApply,
  recordRollback,
} from './history.ts';

const path = '/var/lib/mustredirect/host.history';
/** stands for an undo */
const back = 'back';

/** @param names names of applied files; or `back` */
async function historyOf(...names: readonly string[]): Promise<History> {
  const { files } = createFakeHost({ links: [] });
  for (const [i, name] of names.entries()) {
    const what = { run: name === back ? `${i}` : name, time: '', user: 'alice', changes: [], more: 0 };
    const source = {
      file: '/etc/f.yaml',
      text: name,
      hash: `hash of ${name}`,
      host: 'node1',
      numbers: { gateways: {} },
    };
    await (name === back ? recordRollback(files, path, what) : recordApply(files, path, what, source));
  }
  return readHistory(files, path);
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}`);
}

describe('history', () => {
  it.each<[readonly string[], string | undefined, string | undefined, string[] | undefined]>([
    [[], undefined, undefined, undefined],
    [['a'], 'a', 'nothing', undefined],
    [['a', 'b'], 'b', 'a', undefined],
    [['a', back], undefined, undefined, ['hash of a']],
    [['a', 'b', back], 'a', 'nothing', ['hash of b']],
    [['a', 'b', 'c', back, back], 'a', 'nothing', ['hash of c', 'hash of b']],
    [['a', 'b', 'c', back, back, 'c'], 'c', 'a', ['hash of b']],
    [['a', 'b', back, 'c'], 'c', 'a', ['hash of b']],
    [['a', 'b', back, 'b1'], 'b1', 'a', ['hash of b']],
    [['a', 'b', back, back], undefined, undefined, ['hash of b', 'hash of a']],
    [['a', back, back], undefined, undefined, ['hash of a']],
  ])(
    'after %j has the applied file, the one before, and the one given up',
    async (names, now, before, up) => {
      const history = await historyOf(...names);
      const earlier = appliedBefore(history);
      expect({
        now: appliedNow(history)?.text,
        before: typeof earlier === 'object' ? earlier.text : earlier,
        up: history.givenUp,
      }).toEqual({ now, before, up });
    },
  );

  it('goes back to another file, not to an earlier apply of the same one', async () => {
    const { files } = createFakeHost({ links: [] });
    const what = { time: '', user: 'alice', changes: [], more: 0 };
    const source = { file: '/f', text: 'a', hash: 'a', host: 'node1', numbers: { gateways: {} } };
    await recordApply(files, path, { ...what, run: '1' }, source);
    await recordApply(files, path, { ...what, run: '2' }, source);
    expect(appliedBefore(await readHistory(files, path))).toBe('nothing');
    await recordRollback(files, path, { ...what, run: '2' });
    const history = await readHistory(files, path);
    expect([appliedNow(history)?.text, history.givenUp]).toEqual(['a', undefined]);
    expect(history.entries.map(({ verb }) => verb)).toEqual(['apply', 'apply', 'rollback']);
  });

  it('keeps one entry of many repairs in a row, and all of what people did', async () => {
    const { entries } = await historyOf('a', 'a', 'a', 'a', 'b', 'b');
    expect(entries.map(({ run, times }) => [run, times])).toEqual([
      ['a', undefined],
      ['a', 3],
      ['b', undefined],
      ['b', undefined],
    ]);
  });

  it('keeps twenty entries, and does not go back beyond the oldest', async () => {
    const many = await historyOf(...numbers(25));
    expect(many.entries.map(({ run }) => run)).toEqual(numbers(25).slice(-20));
    const far = await historyOf(...numbers(25), ...Array<string>(19).fill(back));
    expect([appliedNow(far)?.text, appliedBefore(far)]).toEqual(['5', undefined]);
  });

  it.each(['', '{', '{"version":2,"entries":[]}', '[]'])('refuses a damaged file: %s', async (text) => {
    const host = createFakeHost({ links: [], files: new Map([[path, text]]) });
    await expect(readHistory(host.files, path)).rejects.toMatchObject({ code: 'refused' });
  });
});
