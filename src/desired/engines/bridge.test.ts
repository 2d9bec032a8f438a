import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../../tests/given/role.ts';
import type { Link } from '../../state/facts.ts';
import { bridgeRefusals } from '../checks/bridge-refusals.ts';
import { bridgeOf } from './bridge.ts';

const web = givenNodeNetwork({ nextHops: [] });
const named = { ...web, bridge: 'virbr1' };

function link(name: string, type: string | undefined, ...addresses: string[]): Link {
  return { name, index: 5, ethernet: true, addresses, ...(type === undefined ? {} : { type }) };
}

describe('the bridge of an external network', () => {
  it('is found by its address', () => {
    const facts = givenFacts({ links: [link('br0', 'bridge', '10.89.4.1/24')] });
    expect(bridgeOf(web, facts)).toBe('br0');
  });

  it('is the one that the file names, before it exists', () => {
    expect(bridgeOf(named, givenFacts())).toBe('virbr1');
    expect(bridgeOf(web, givenFacts())).toBeUndefined();
  });

  it('is the one that the file names, even if another bridge has the address', () => {
    const facts = givenFacts({
      links: [link('br0', 'bridge', '10.89.4.1/24')],
      networks: [givenNetwork({ engine: 'external', bridge: 'br0' })],
    });
    expect(bridgeOf(named, facts)).toBe('virbr1');
  });
});

describe('a bridge that the file names', () => {
  it.each([
    ['does not exist yet', []],
    ['is a bridge', [link('virbr1', 'bridge')]],
  ])('is accepted if it %s', (_, links) => {
    expect(bridgeRefusals(named, givenFacts({ links }))).toEqual([]);
  });

  it.each([
    ['a physical device', undefined, ''],
    ['a tunnel', 'gre', ', of type gre'],
  ])('is refused if it is %s', (_, type, said) => {
    expect(bridgeRefusals(named, givenFacts({ links: [link('virbr1', type)] }))).toEqual([
      {
        message: `network web: virbr1 is not a bridge: this host has a device of that name${said}`,
        hint: 'write the name of the bridge that the containers are on: `ip link show type bridge` lists them',
      },
    ]);
  });
});
