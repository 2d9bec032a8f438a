import { expect, it } from 'vitest';
import { recall } from '../inspect/host-parts.ts';
import type { Link } from '../state/facts.ts';
import { createHostMemory } from './host-memory.ts';

const linksNamed = (name: string): readonly Link[] => [{ name, index: 1 } as Link];

it('a part is read once, until it is forgotten', async () => {
  const memory = createHostMemory();
  const links = (name: string) => recall(memory, 'links', async () => linksNamed(name));
  expect(await links('eth0')).toEqual(linksNamed('eth0'));
  memory.forget(['rules', 'routes', 'policies', 'nft']);
  expect(await links('eth1')).toEqual(linksNamed('eth0'));
  memory.forget(['links']);
  expect(await links('eth1')).toEqual(linksNamed('eth1'));
  memory.forget();
  expect(await links('eth2')).toEqual(linksNamed('eth2'));
});

it('a part that changes while it is read is read again', async () => {
  const memory = createHostMemory();
  const reading = recall(memory, 'links', async () => linksNamed('eth0'));
  memory.forget(['links']);
  expect(await reading).toEqual(linksNamed('eth0'));
  expect(await recall(memory, 'links', async () => linksNamed('eth1'))).toEqual(linksNamed('eth1'));
});
