/** Gateway's address on the LAN. */
import type { World } from '../../../src/lab/world.ts';

export async function gatewayOf({ hosts: { gw1 } }: World): Promise<{ readonly address: string }> {
  const [link] = JSON.parse(await gw1.run(['ip', '-j', 'link', 'show', 'dev', 'eth0'])) as {
    address: string;
  }[];
  if (!link) throw new Error('gw1: no eth0');
  return link;
}
