import { describe, expect, it } from 'vitest';
import { createExec } from './exec.ts';

const exec = createExec();
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('a program', () => {
  it('is given its input, and says what it has to say', async () => {
    const argv = ['sh', '-c', 'cat; echo "$LC_ALL" >&2; exit 3'];
    expect(await exec.run(argv, { input: 'text' })).toEqual({ exitCode: 3, stdout: 'text', stderr: 'C' });
  });

  it('that takes too long is ended', async () => {
    await expect(exec.run(['sleep', '20'], { timeout: 50 })).rejects.toThrow(
      'sleep 20: took longer than 0.05 s',
    );
  });

  it('that ends by a signal has a status, as in a shell', async () => {
    expect(await exec.run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: 137 });
  });

  it('ends, with all that it has started, when the user wants it no more', async () => {
    const stopper = new AbortController();
    const started = performance.now();
    const running = exec.run(['sh', '-c', 'sleep 20 | cat; echo no'], { signal: stopper.signal });
    setTimeout(() => stopper.abort(), 50);
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    // The pipe of those that were left would keep it open for 20 s.
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect(exec.run(['true'], { signal: stopper.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it.each([
    ['ignores SIGTERM', 'trap "" TERM; while :; do sleep 1; done'],
    ['has a child that ignores it and keeps the pipes', '(trap "" TERM; sleep 30) & sleep 30'],
    ['has a child that left its process group and keeps the pipes', 'setsid sleep 7 & sleep 30'],
  ])('that %s is killed after a grace period', async (_, script) => {
    const impatient = createExec(() => {}, { grace: 100, output: 1000 });
    const begun = performance.now();
    await expect(impatient.run(['sh', '-c', script], { timeout: 100 })).rejects.toThrow(
      'took longer than 0.1 s',
    );
    const stopper = new AbortController();
    const running = impatient.run(['sh', '-c', script], { signal: stopper.signal });
    setTimeout(() => stopper.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it.each(['yes', 'yes >&2'])('that prints without end (%s) is ended', async (script) => {
    const bounded = createExec(() => {}, { grace: 100, output: 1024 * 1024 });
    await expect(bounded.run(['sh', '-c', script])).rejects.toMatchObject({
      code: 'failed',
      message: `sh -c ${script}: printed more than 1 MiB, and was ended`,
    });
  });

  it('that is not there is named, and leaves no timer that would keep us from ending', async () => {
    const before = timers();
    await expect(exec.run(['no-such-program'])).rejects.toMatchObject({
      code: 'missing-tool',
      message: 'no-such-program: no such program',
    });
    expect(timers()).toBe(before);
  });
});
