/** One GRE tunnel with a key between gw1 and upstream, in place of the lab's uplink: it has its names and addresses. */
import { exampleFile } from '../../src/lab/example-file.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';

/** Ends, as `makeUnderlay` gives them to the two hosts. */
const [near, far] = ['198.51.100.1', '198.51.100.2'];

/** File in which mustredirect makes the tunnel of gw1. */
export const oneTunnelFile = exampleFile('external', { families: [4] }).replace(
  /uplink: \{ device: uplink0, via: .* \}/,
  `uplink: { device: uplink0, gre: { local: ${near}, remote: ${far}, key: 7 }, addresses: [${addressesOf(4).uplink}/30] }`,
);

/** The far end, in place of the one before. */
export async function makeOneFarEnd(
  { hosts: { upstream } }: World,
  { remote = near, key = 7 }: { readonly remote?: string; readonly key?: number } = {},
): Promise<void> {
  await upstream.exec.run(['ip', 'link', 'delete', 'gw1']);
  await upstream.run(['ip', '-batch', '-'], {
    input: [
      `link add gw1 type gre local ${far} remote ${remote} key ${key} ttl 64`,
      `address add ${addressesOf(4).upstream}/30 dev gw1`,
      'link set gw1 up',
      '',
    ].join('\n'),
  });
}
