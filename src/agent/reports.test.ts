import { expect, it } from 'vitest';
import { parseSpec } from '../spec/parse.ts';
import { hostRole } from '../topology/topology.ts';
import { reportsOf } from './reports.ts';

const parsed = parseSpec(`
version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2 }
networks: { web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office } }
gateways: { office: { members: [{ host: gw1, uplink: { device: eth1 } }] } }
`);
if (parsed.kind !== 'spec') throw new Error('the file is wrong');
const { spec } = parsed;

it.each([
  ['node1', 'network web', { network: 'web' }],
  ['node1', 'gateway office', { gateway: 'office' }],
  ['gw1', 'network web on node1', { network: 'web' }],
  ['gw1', 'gateway office', { gateway: 'office' }],
  ['gw1', 'published ports of gateway office', { gateway: 'office' }],
  ['gw1', 'something else', {}],
])('on %s, what is not ready is told with its name: %s', (host, what, about) => {
  const notReady = [{ what, message: `${what}: no link`, hint: '' }];
  const silent = [{ text: 'docker does not answer', engine: 'docker' }];
  expect(
    reportsOf({ notReady, warnings: [], waiting: ['network db is gone'] }, hostRole(spec, host), silent),
  ).toEqual([
    { text: `${what}: no link: closed, not redirected`, ...about },
    { text: 'network db is gone' },
    ...silent,
  ]);
});
