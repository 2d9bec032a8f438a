/** The program as it is built, on test hosts. */
import { join } from 'node:path';
import { filePath } from '../../src/lab/example-file.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';

/** @param root the folder of the project */
export function programOf(root: string): string {
  return join(root, 'bin', 'mustredirect');
}

/** Applies a file on the gateway and on the node, in the order that its users are told. */
export async function applyFile({ hosts: { gw1, node1 } }: World, text: string, root: string): Promise<void> {
  for (const host of [gw1, node1]) await applyOn(host, text, root);
}

export async function applyOn(host: TestHost, text: string, root: string): Promise<void> {
  await host.files.replace(filePath, text);
  await host.run([programOf(root), 'apply', '--yes'], { timeout: 600_000 });
}
