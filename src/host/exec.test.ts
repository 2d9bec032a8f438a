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

  it('that is not there is named, and leaves no timer that would keep us from ending', async () => {
    const before = timers();
    await expect(exec.run(['no-such-program'])).rejects.toMatchObject({
      code: 'missing-tool',
      message: 'no-such-program: no such program',
    });
    expect(timers()).toBe(before);
  });
});
