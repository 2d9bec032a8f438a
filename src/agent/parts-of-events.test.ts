import { expect, it } from 'vitest';
import { createLineSplitter } from '../host/process/lines.ts';
import { partsOfEvents } from './parts-of-events.ts';

it.each([
  ['[RULE]5:\tfrom all lookup 7', ['routing']],
  ['[RULE]Deleted 5:\tfrom all lookup 7', ['routing']],
  ['[ROUTE]10.1.1.0/24 dev lo table 7 scope link ', ['routing']],
  ['[ADDR]1: lo    inet 10.3.3.3/32 scope global lo\\       valid_lft forever', ['links', 'routing']],
  ['[LINK]Deleted 7: veth0: <BROADCAST,MULTICAST> mtu 1500', ['links', 'routing']],
  ['[NETCONF]inet lo forwarding on ', []],
  ['[NEIGH]10.0.0.1 dev lo', ['links', 'routing', 'nft']],
  ['netlink receive error No buffer space available (105)', ['links', 'routing', 'nft']],
])('%s', (line, parts) => {
  expect(partsOfEvents([line])).toEqual(parts);
});

it('several events are about the parts of all of them', () => {
  expect(partsOfEvents(['[RULE]5:', '[NETCONF]inet', '[LINK]7: veth0'])).toEqual(['routing', 'links']);
  expect(partsOfEvents([])).toEqual([]);
});

it('a line may come in two chunks', () => {
  const linesOf = createLineSplitter();
  expect(linesOf('[RULE]5:\n[RO')).toEqual(['[RULE]5:']);
  expect(linesOf('UTE]10.0.0.0/8')).toEqual([]);
  expect(linesOf('\n\n')).toEqual(['[ROUTE]10.0.0.0/8', '']);
});
