import { describe, expect, it } from 'vitest';
import { conntrackArgs, forgetFlows } from './conntrack.ts';
import type { Exec, Output } from './ports.ts';

/** What conntrack 1.4.7 says. */
const gone = "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist";
const none = 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.';
const refused = 'conntrack v1.4.7 (conntrack-tools): Operation failed: Operation not permitted';

/** Answers one after the other, the last one for ever. */
function answering(...answers: readonly string[]): { readonly exec: Exec; readonly asked: () => number } {
  let asked = 0;
  const run = (): Promise<Output> => {
    const stderr = answers[Math.min(asked++, answers.length - 1)] ?? '';
    return Promise.resolve({ exitCode: stderr ? 1 : 0, stdout: '', stderr });
  };
  return { exec: { run }, asked: () => asked };
}

const flows = [{ from: '10.89.4.0/24' }];
const many = Array.from({ length: 20 }, (_, index) => ({ from: `10.89.${index}.0/24` }));

describe('forgetting flows', () => {
  it.each([
    ['one', flows],
    ['many at once', many],
  ])('begins again when a flow ended meanwhile: %s', async (_, all) => {
    const { exec, asked } = answering(gone, gone, '');
    await forgetFlows(exec, all);
    expect(asked()).toBe(3);
  });

  it('says that there is no conntrack, also where a shell has looked for it', async () => {
    const stderr = 'sh: 1: conntrack: not found';
    const exec = { run: () => Promise.resolve({ exitCode: 127, stdout: '', stderr }) };
    await expect(forgetFlows(exec, many)).rejects.toMatchObject({ code: 'missing-tool' });
  });

  it('finds nothing to forget, and that is no error', async () => {
    const { exec, asked } = answering(gone, none);
    await forgetFlows(exec, flows);
    expect(asked()).toBe(2);
  });

  it.each([[gone], [refused]])('does not go on for ever, nor after another error: %s', async (said) => {
    await expect(forgetFlows(answering(said).exec, flows)).rejects.toThrow(said);
  });
});

describe('what conntrack is asked', () => {
  it.each([
    [{ from: '10.89.4.0/24' }, '-D -f ipv4 -s 10.89.4.0/24'],
    [{ from: '10.89.4.0/24', to: '1.1.1.1/32' }, '-D -f ipv4 -s 10.89.4.0/24 -d 1.1.1.1/32'],
    [{ from: 'fd89:4::/64' }, '-D -f ipv6 -s fd89:4::/64'],
    [{ from: 'fd89:5::7/128', to: '2001:db8::/32' }, '-D -f ipv6 -s fd89:5::7/128 -d 2001:db8::/32'],
  ])('of %j', (asked, args) => {
    expect(conntrackArgs(asked).join(' ')).toBe(args);
  });
});
