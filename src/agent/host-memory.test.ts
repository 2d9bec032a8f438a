import { expect, it } from 'vitest';
import type { Link } from '../state/facts.ts';
import { createHostMemory } from './host-memory.ts';

const linksNamed = (name: string): readonly Link[] => [{ name, index: 1 } as Link];

it('a part is read once, until it is forgotten', async () => {
  const { recall, forget } = createHostMemory();
  expect(await recall('links', async () => linksNamed('eth0'))).toEqual(linksNamed('eth0'));
  forget(['routing', 'nft']);
  expect(await recall('links', async () => linksNamed('eth1'))).toEqual(linksNamed('eth0'));
  forget(['links']);
  expect(await recall('links', async () => linksNamed('eth1'))).toEqual(linksNamed('eth1'));
  forget();
  expect(await recall('links', async () => linksNamed('eth2'))).toEqual(linksNamed('eth2'));
});

it('a part that changes while it is read is read again', async () => {
  const { recall, forget } = createHostMemory();
  const reading = recall('links', async () => linksNamed('eth0'));
  forget(['links']);
  expect(await reading).toEqual(linksNamed('eth0'));
  expect(await recall('links', async () => linksNamed('eth1'))).toEqual(linksNamed('eth1'));
});
