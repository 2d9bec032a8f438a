/** Runs the built program on a test host. */
import { fileURLToPath } from 'node:url';
import type { Output } from '../../src/host/ports.ts';
import type { TestHost } from '../../src/lab/test-host.ts';

export const programPath = fileURLToPath(new URL('../../bin/mustredirect', import.meta.url));

/** Milliseconds, on a machine that is busy with other tests; the processors of a virtual machine are emulated. */
export const timeout = process.env['VM_KERNEL'] === undefined ? 120_000 : 300_000;

export function mustredirect(host: TestHost, ...args: readonly string[]): Promise<Output> {
  return host.exec.run([programPath, ...args], { timeout });
}

/** Runs it, and throws with all output on failure. */
export async function mustSucceed(host: TestHost, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await mustredirect(host, ...args);
  if (exitCode !== 0)
    throw new Error(`mustredirect ${args.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}
