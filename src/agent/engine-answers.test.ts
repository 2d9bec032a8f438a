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
  let late = 0;
  let isPatient = true;
  const remembered = rememberEngine(engine, {
    sleep: () => (isPatient ? new Promise(() => {}) : Promise.resolve()),
    onLateAnswer: () => (late += 1),
  });
  return {
    remembered,
    ran,
    late: (): number => late,
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
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

describe('an engine', () => {
  it('is asked once, until something may have changed', async () => {
    const { read, prints, ran, remembered } = givenEngine();
    prints('br0');
    expect(await read()).toEqual(facts('br0'));
    expect(await read()).toEqual(facts('br0'));
    expect(ran.length).toBe(1);
    remembered.forget();
    prints('br1');
    expect(await read()).toEqual(facts('br1'));
    expect(ran.length).toBe(2);
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
    const { read, hangs, prints, remembered, ran } = givenEngine();
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
    const remembered = rememberEngine(engine, { sleep: () => new Promise(() => {}), onLateAnswer: () => {} });
    const read = () => remembered.engine.readNetworks({ exec: { run } } as unknown as Host, [web]);
    await read();
    remembered.forget('networks');
    await read();
    expect(ran.splice(0)).toEqual(['docker info', 'docker inspect', 'docker inspect']);
    remembered.forget();
    // What is forgotten is not remembered again by that.
    remembered.forget('networks');
    await read();
    expect(ran).toEqual(['docker info', 'docker inspect']);
  });

  it('has the networks that it said last while it fails', async () => {
    const { read, prints, fails, remembered } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    fails('cannot connect');
    expect(await read()).toEqual(facts('br0'));
    expect(remembered.silence()).toBe('cannot connect');
    prints('br1');
    expect(await read()).toEqual(facts('br1'));
    expect(remembered.silence()).toBeUndefined();
  });

  it('fails when it has never answered', async () => {
    const { read, fails, remembered } = givenEngine();
    fails('cannot connect');
    await expect(read()).rejects.toThrow('cannot connect');
    expect(remembered.silence()).toBeUndefined();
  });

  it('is not waited for when it is slow, and tells when it has answered', async () => {
    const { read, prints, hangs, remembered, ran, late } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    const answer = hangs();
    expect(await read()).toEqual(facts('br0'));
    expect(await read()).toEqual(facts('br0'));
    expect(ran.length).toBe(2);
    expect(remembered.silence()).toBe('took longer than 1 s');
    expect(late()).toBe(0);
    answer('br1');
    await settle();
    expect(late()).toBe(1);
    expect(remembered.silence()).toBeUndefined();
    expect(await read()).toEqual(facts('br1'));
    expect(ran.length).toBe(2);
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
      const { read, prints, fails, remembered } = givenEngine();
      prints('br0');
      await read();
      remembered.forget();
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

  it('is silent when the question that was no longer waited for fails', async () => {
    const { read, prints, hangs, remembered, late } = givenEngine();
    prints('br0');
    await read();
    remembered.forget();
    const answer = hangs();
    await read();
    answer(new MustredirectError('failed', 'podman info: took longer than 30 s'));
    await settle();
    expect(remembered.silence()).toBe('podman info: took longer than 30 s');
    expect(late()).toBe(0);
  });
});
