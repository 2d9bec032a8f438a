/** The program itself, as it is built, on a test host. */
import { fileURLToPath } from 'node:url';
import type { Output } from '../../src/host/ports.ts';
import type { TestHost } from '../../src/lab/test-host.ts';

export const programPath = fileURLToPath(new URL('../../bin/mustredirect', import.meta.url));

export function mustredirect(host: TestHost, ...args: readonly string[]): Promise<Output> {
  return host.exec.run([programPath, ...args]);
}

/** The same, where anything but success is an error with all that was said. */
export async function mustSucceed(host: TestHost, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await mustredirect(host, ...args);
  if (exitCode !== 0)
    throw new Error(`mustredirect ${args.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}
