import { expect, it } from 'vitest';
import { createLineSplitter } from '../host/process/lines.ts';
import { hostParts } from '../inspect/host-parts.ts';
import { partsOfEvents } from './parts-of-events.ts';

it.each([
  ['[RULE]5:\tfrom all lookup 7', ['rules']],
  ['[RULE]Deleted 5:\tfrom all lookup 7', ['rules']],
  ['[ROUTE]10.1.1.0/24 dev lo table 7 scope link ', ['routes']],
  ['[ADDR]1: lo    inet 10.3.3.3/32 scope global lo\\       valid_lft forever', ['links', 'routes']],
  ['[LINK]Deleted 7: veth0: <BROADCAST,MULTICAST> mtu 1500', ['links', 'routes']],
  ['[NEXTHOP]Deleted id 5 via 10.9.9.2 dev d0 scope link ', ['routes']],
  ['[NETCONF]inet lo forwarding on ', []],
  ['[NEIGH]10.0.0.1 dev lo', hostParts],
  ['netlink receive error No buffer space available (105)', hostParts],
])('%s', (line, parts) => {
  expect(partsOfEvents([line])).toEqual(parts);
});

it('several events are about the parts of all of them', () => {
  expect(partsOfEvents(['[RULE]5:', '[NETCONF]inet', '[LINK]7: veth0'])).toEqual([
    'rules',
    'links',
    'routes',
  ]);
  expect(partsOfEvents([])).toEqual([]);
});

it('a line may come in two chunks', () => {
  const linesOf = createLineSplitter();
  expect(linesOf('[RULE]5:\n[RO')).toEqual(['[RULE]5:']);
  expect(linesOf('UTE]10.0.0.0/8')).toEqual([]);
  expect(linesOf('\n\n')).toEqual(['[ROUTE]10.0.0.0/8', '']);
});
