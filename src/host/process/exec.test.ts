import { describe, expect, it } from 'vitest';
import { createExec } from './exec.ts';

const exec = createExec();
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('a program', () => {
  it('gets its input, and its output is returned', async () => {
    const argv = ['sh', '-c', 'cat; echo "$LC_ALL" >&2; exit 3'];
    expect(await exec.run(argv, { input: 'text' })).toEqual({ exitCode: 3, stdout: 'text', stderr: 'C' });
  });

  it('is ended after the time limit', async () => {
    await expect(exec.run(['sleep', '20'], { timeout: 50 })).rejects.toThrow(
      'sleep 20: took longer than 0.05 s',
    );
  });

  it('that ends by a signal has the exit status of a shell', async () => {
    expect(await exec.run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: 137 });
  });

  it('ends with all processes that it started, when interrupted', async () => {
    const stopper = new AbortController();
    const started = performance.now();
    const running = exec.run(['sh', '-c', 'sleep 20 | cat; echo no'], { signal: stopper.signal });
    setTimeout(() => stopper.abort(), 50);
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    // A remaining process would keep the pipe open for 20 s.
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

  it.each(['yes', 'yes >&2'])('is ended when its output has no end (%s)', async (script) => {
    const bounded = createExec(() => {}, { grace: 100, output: 1024 * 1024 });
    await expect(bounded.run(['sh', '-c', script])).rejects.toMatchObject({
      code: 'failed',
      message: `sh -c ${script}: printed more than 1 MiB, and was ended`,
    });
  });

  it('that is missing is named, and leaves no timer that delays our exit', async () => {
    const before = timers();
    await expect(exec.run(['no-such-program'])).rejects.toMatchObject({
      code: 'missing-tool',
      message: 'no-such-program: no such program',
    });
    expect(timers()).toBe(before);
  });
});
