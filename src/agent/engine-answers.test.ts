import { describe, expect, it } from 'vitest';
import type { Engine } from '../engines/engine.ts';
import { type ErrorCode, MustredirectError } from '../error.ts';
import type { Host, Output } from '../host/ports.ts';
import { rememberEngine } from './engine-answers.ts';

const web = { name: 'web', subnets: ['10.89.4.0/24'] };
const facts = (bridge: string) => [
  {
    engine: 'docker',
    name: 'web',
    backend: 'docker 1',
    exists: true,
    subnets: web.subnets,
    bridge,
    attached: [],
  },
];

/** An engine whose program prints the bridge of its network, with a host on which it prints what a test says. */
function givenEngine() {
  const answers: (() => Promise<Output>)[] = [];
  const ran: string[] = [];
  const host = {
    exec: {
      run: async (argv: readonly string[]) => {
        ran.push(argv.join(' '));
        const answer = answers.shift();
        if (!answer) throw new Error('asked once too often');
        return answer();
      },
    },
  } as unknown as Host;
  const engine = {
    readNetworks: async ({ exec }: Host) => facts((await exec.run(['docker', 'inspect'])).stdout),
  } as unknown as Engine;
  let news = 0;
  let isPatient = true;
  const remembered = rememberEngine(engine, {
    sleep: () => (isPatient ? new Promise(() => {}) : Promise.resolve()),
    onNews: () => (news += 1),
  });
  return {
    remembered,
    ran,
    news: (): number => news,
    prints: (bridge: string): void => {
      answers.push(async () => ({ exitCode: 0, stdout: bridge, stderr: '' }));
      isPatient = true;
    },
    fails: (message: string, code: ErrorCode = 'failed'): void => {
      answers.push(async () => {
        throw new MustredirectError(code, message);
      });
    },
    /** @returns function that lets it answer */
    hangs: () => {
      let answer: (given: string | Error) => void = () => {};
      answers.push(
        () =>
          new Promise((resolve, reject) => {
            answer = (given) =>
              given instanceof Error ? reject(given) : resolve({ exitCode: 0, stdout: given, stderr: '' });
          }),
      );
      isPatient = false;
      return (given: string | Error) => answer(given);
    },
    read: () => remembered.engine.readNetworks(host, [web]),
    /** Reads, and lets the engine answer behind it. */
    readAndSettle: async () => {
      const found = await remembered.engine.readNetworks(host, [web]);
      await settle();
      return found;
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

describe('an engine', () => {
  it('is asked once, until something may have changed, and then behind a read', async () => {
    const { read, readAndSettle, prints, ran, remembered, news } = givenEngine();
    prints('br0');
    expect(await read()).toEqual(facts('br0'));
    expect(await read()).toEqual(facts('br0'));
    expect(ran.length).toBe(1);
    remembered.forget();
    prints('br0');
    expect(await readAndSettle()).toEqual(facts('br0'));
    expect(news()).toBe(0);
    remembered.forget();
    prints('br1');
    expect(await readAndSettle()).toEqual(facts('br0'));
    expect(news()).toBe(1);
    expect(await read()).toEqual(facts('br1'));
    expect(ran.length).toBe(3);
  });

  it('is waited for once, when a read needs what it says now', async () => {
    const { read, readAndSettle, prints, remembered } = givenEngine();
    prints('br0');
    await read();
    remembered.waitNext();
    prints('br1');
    expect(await read()).toEqual(facts('br1'));
    remembered.forget();
    prints('br2');
    expect(await readAndSettle()).toEqual(facts('br1'));
  });

  it('is read again when something changed while it was asked behind a read', async () => {
    const { read, readAndSettle, prints, hangs, remembered, news } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    hangs();
    const answer = hangs();
    await readAndSettle();
    remembered.forget();
    await settle();
    remembered.forget();
    const before = news();
    answer('br0');
    await settle();
    expect(news()).toBe(before + 1);
    prints('br1');
    expect(await readAndSettle()).toEqual(facts('br0'));
    expect(await read()).toEqual(facts('br1'));
  });

  it('is asked again at once when something changes while it answers', async () => {
    const { read, prints, hangs, remembered, ran } = givenEngine();
    const answer = hangs();
    const reading = read();
    await settle();
    prints('br1');
    remembered.forget();
    expect(await reading).toEqual(facts('br1'));
    answer('br0');
    await settle();
    expect(await read()).toEqual(facts('br1'));
    expect(ran.length).toBe(2);
  });

  it('is heard, however much happens', async () => {
    const { read, readAndSettle, hangs, prints, remembered, ran } = givenEngine();
    hangs();
    const answer = hangs();
    const reading = read();
    await settle();
    remembered.forget();
    await settle();
    remembered.forget();
    answer('br1');
    expect(await reading).toEqual(facts('br1'));
    prints('br2');
    expect(await readAndSettle()).toEqual(facts('br1'));
    expect(await read()).toEqual(facts('br2'));
    expect(ran.length).toBe(3);
  });

  it('is not asked of itself again when something happens to its networks', async () => {
    const ran: string[] = [];
    const run = async (argv: readonly string[]): Promise<Output> => {
      ran.push(argv.join(' '));
      return { exitCode: 0, stdout: 'br0', stderr: '' };
    };
    const engine = {
      lasting: [['docker', 'info']],
      readNetworks: async ({ exec }: Host) => {
        await exec.run(['docker', 'info']);
        return facts((await exec.run(['docker', 'inspect'])).stdout);
      },
    } as unknown as Engine;
    const remembered = rememberEngine(engine, { sleep: () => new Promise(() => {}), onNews: () => {} });
    const read = () => remembered.engine.readNetworks({ exec: { run } } as unknown as Host, [web]);
    await read();
    remembered.forget('networks');
    await read();
    await settle();
    expect(ran.splice(0)).toEqual(['docker info', 'docker inspect', 'docker inspect']);
    remembered.forget();
    // The narrower `forget` brings nothing back that the wider one has dropped.
    remembered.forget('networks');
    await read();
    await settle();
    expect(ran).toEqual(['docker info', 'docker inspect']);
  });

  it('has the networks that it said last while it fails, and tells when that begins and ends', async () => {
    const { readAndSettle, prints, fails, remembered, news } = givenEngine();
    prints('br0');
    await readAndSettle();
    for (const time of ['first', 'second']) {
      remembered.forget();
      fails(`${time} failure`);
      expect(await readAndSettle()).toEqual(facts('br0'));
      expect(remembered.silence()).toBe(`${time} failure`);
      expect(news()).toBe(1);
    }
    prints('br0');
    expect(await readAndSettle()).toEqual(facts('br0'));
    expect(remembered.silence()).toBeUndefined();
    expect(news()).toBe(2);
  });

  it('fails when it has never answered', async () => {
    const { read, fails, remembered } = givenEngine();
    fails('cannot connect');
    await expect(read()).rejects.toThrow('cannot connect');
    expect(remembered.silence()).toBeUndefined();
  });

  it('is not asked twice while it is slow, and tells when it has answered', async () => {
    const { read, readAndSettle, prints, hangs, remembered, ran, news } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    const answer = hangs();
    expect(await readAndSettle()).toEqual(facts('br0'));
    expect(await readAndSettle()).toEqual(facts('br0'));
    expect(ran.length).toBe(2);
    expect(remembered.silence()).toBe('took longer than 1 s');
    expect(news()).toBe(1);
    answer('br1');
    await settle();
    expect(news()).toBe(2);
    expect(remembered.silence()).toBeUndefined();
    expect(await read()).toEqual(facts('br1'));
    expect(ran.length).toBe(2);
  });

  it('tells that it has answered after all, also when it says what it said before', async () => {
    const { read, readAndSettle, prints, hangs, remembered, news } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    const answer = hangs();
    await readAndSettle();
    expect(news()).toBe(1);
    answer('br0');
    await settle();
    expect(remembered.silence()).toBeUndefined();
    expect(news()).toBe(2);
  });

  it('is waited for when it is slow at first', async () => {
    const { read, hangs } = givenEngine();
    const answer = hangs();
    const reading = read();
    await settle();
    answer('br0');
    expect(await reading).toEqual(facts('br0'));
  });

  it.each(['missing-tool', 'refused', 'not-permitted', 'interrupted'] as const)(
    'that says no has no networks, whatever it said before: %s',
    async (code) => {
      const { read, readAndSettle, prints, fails, remembered, news } = givenEngine();
      prints('br0');
      await read();
      remembered.forget();
      fails('docker: no such program', code);
      await readAndSettle();
      expect(news()).toBe(1);
      fails('docker: no such program', code);
      await expect(read()).rejects.toThrow('no such program');
      expect(remembered.silence()).toBeUndefined();
    },
  );

  it('is waited for after a change of ours, however slow it is: what it said before is wrong', async () => {
    const { read, prints, hangs, remembered } = givenEngine();
    prints('br0');
    await read();
    remembered.engine.onChanged?.();
    const answer = hangs();
    const reading = read();
    await settle();
    answer('br1');
    expect(await reading).toEqual(facts('br1'));
  });

  it('has no answer from before a change of ours that comes after it', async () => {
    const { read, prints, hangs, remembered, ran } = givenEngine();
    const answer = hangs();
    const reading = read();
    await settle();
    remembered.engine.onChanged?.();
    answer('br0');
    await reading;
    prints('br1');
    expect(await read()).toEqual(facts('br1'));
    expect(ran.length).toBe(2);
  });

  it('is silent when it fails after it was slow, and tells no more', async () => {
    const { read, readAndSettle, prints, hangs, remembered, news } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    const answer = hangs();
    await readAndSettle();
    answer(new MustredirectError('failed', 'podman info: took longer than 30 s'));
    await settle();
    expect(remembered.silence()).toBe('podman info: took longer than 30 s');
    expect(news()).toBe(1);
    hangs();
    await readAndSettle();
    expect(news()).toBe(1);
  });

  it('is asked for labels behind a read, too, and looked for once where it is not installed', async () => {
    let [printed, isInstalled, news] = ['office', true, 0];
    const ran: string[] = [];
    const host = {
      exec: {
        run: async (argv: readonly string[]) => {
          ran.push(argv.join(' '));
          if (!isInstalled) throw new MustredirectError('missing-tool', 'docker: no such program');
          return { exitCode: 0, stdout: printed, stderr: '' };
        },
      },
    } as unknown as Host;
    const engine = {
      listLabelled: async ({ exec }: Host, label: string) => {
        const { stdout } = await exec.run(['docker', 'network', 'ls']);
        return [{ name: label, value: stdout }];
      },
    } as unknown as Engine;
    const remembered = rememberEngine(engine, {
      sleep: () => new Promise(() => {}),
      onNews: () => (news += 1),
    });
    const list = () => remembered.engine.listLabelled(host, 'via');
    expect(await list()).toEqual([{ name: 'via', value: 'office' }]);
    printed = 'mail';
    expect(await list()).toEqual([{ name: 'via', value: 'office' }]);
    remembered.forget('networks');
    expect(await list()).toEqual([{ name: 'via', value: 'office' }]);
    await settle();
    expect(news).toBe(1);
    expect(await list()).toEqual([{ name: 'via', value: 'mail' }]);
    expect(ran).toHaveLength(2);
    isInstalled = false;
    remembered.waitNext();
    await expect(list()).rejects.toThrow('no such program');
    remembered.forget('networks');
    await expect(list()).rejects.toThrow('no such program');
    expect(ran).toHaveLength(3);
    isInstalled = true;
    remembered.forget();
    await list();
    await settle();
    expect(await list()).toEqual([{ name: 'via', value: 'mail' }]);
  });
});
