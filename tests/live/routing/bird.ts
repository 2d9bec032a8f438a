/** A BIRD of a test host's own, which mustredirect has not configured. */
import type { TestHost } from '../../../src/lab/test-host.ts';

const folder = '/run/bird-lab';

export async function startBird(host: TestHost, config: string): Promise<void> {
  await host.run(['mkdir', '-p', folder]);
  await host.files.replace(`${folder}/bird.conf`, config);
  const options = `-c ${folder}/bird.conf -s ${folder}/bird.ctl -P ${folder}/bird.pid`;
  await host.run(['bird', ...options.split(' ')]);
}

export async function stopBird(host: TestHost): Promise<void> {
  await host.run(['birdc', '-s', `${folder}/bird.ctl`, 'down']);
}

export function showBird(host: TestHost, ...command: readonly string[]): Promise<string> {
  return host.run(['birdc', '-s', `${folder}/bird.ctl`, 'show', ...command]);
}
