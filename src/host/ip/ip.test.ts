/** Output of iproute2 6.1, recorded on Linux 6.18. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../address/cidr.ts';
import { readLinks } from './links.ts';
import { readNeighbours } from './neighbours.ts';
import { decodeRoutes, getRoute } from './routes.ts';
import { decodeRules } from './rules.ts';
import type { Exec } from '../ports.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

const saying = (stdout: string): Exec => ({ run: async () => ({ exitCode: 0, stdout, stderr: '' }) });

const rulesOf = (text: string, family: Family) =>
  decodeRules(['ip', '-j', '-N', `-${family}`, 'rule', 'show'], text, family);
const routesOf = (text: string, family: Family) =>
  decodeRoutes(['ip', '-j', '-N', `-${family}`, 'route', 'show', 'table', 'all'], text, family);
const reading = async (read: () => unknown): Promise<unknown> => read();

describe('links', () => {
  it('have addresses, masters and types', async () => {
    const links = await readLinks(saying(fixture('ip-address.json')));
    expect(links.map(({ name }) => name)).toEqual(['lo', 'peer0', 'eth0', 'br0', 'gre1']);
    expect(links).toContainEqual({
      name: 'eth0',
      index: 3,
      ethernet: true,
      mtu: 1500,
      type: 'veth',
      pair: 'peer0',
      addresses: expect.arrayContaining(['192.168.50.10/24']) as unknown,
    });
    // gre1 has no carrier, but is up.
    expect(links.filter(({ down }) => down)).toEqual([]);
    expect(links.find(({ name }) => name === 'peer0')).toMatchObject({ master: 'br0' });
    expect(links.find(({ name }) => name === 'gre1')).toMatchObject({ ethernet: false, type: 'tun' });
  });
});

it('a link that is switched off is down', async () => {
  const text = '[{"ifindex":2,"ifname":"eth0","flags":["BROADCAST","MULTICAST"]}]';
  expect(await readLinks(saying(text))).toMatchObject([{ name: 'eth0', down: true }]);
});

it('marks addresses that come from router advertisements', async () => {
  // iproute2 6.1, with unused fields removed
  const text = `[{"ifindex":3,"ifname":"br1","flags":["UP"],"link_type":"[1]","addr_info":[
    {"family":"inet6","local":"2001:db8:89:4::1","prefixlen":64,"scope":"global"},
    {"family":"inet6","local":"2001:db8:66:0:2c2a:fdff:fe76:5347","prefixlen":64,"scope":"global","dynamic":true,"mngtmpaddr":true},
    {"family":"inet6","local":"2001:db8:66::7","prefixlen":64,"scope":"global","temporary":true,"dynamic":true},
    {"family":"inet","local":"192.168.50.10","prefixlen":24,"scope":"global","dynamic":true}]}]`;
  const advertised = ['2001:db8:66:0:2c2a:fdff:fe76:5347/64', '2001:db8:66::7/64'];
  expect(await readLinks(saying(text))).toMatchObject([
    { addresses: ['2001:db8:89:4::1/64', ...advertised, '192.168.50.10/24'], advertised },
  ]);
});

describe('rules', () => {
  it('are split into ours and foreign by protocol', async () => {
    const { owned, foreign } = rulesOf(fixture('ip-rule.json'), 4);
    const rule = { kind: 'rule', family: 4 };
    expect(owned).toEqual([
      {
        ...rule,
        preference: 4000,
        fwmark: { value: 0x1000, mask: 0x1000 },
        action: { kind: 'goto', preference: 4999 },
      },
      { ...rule, preference: 4050, to: '10.89.4.0/24', action: { kind: 'goto', preference: 4999 } },
      {
        ...rule,
        preference: 4060,
        from: '10.89.4.0/24',
        to: '1.1.1.1/32',
        action: { kind: 'goto', preference: 4999 },
      },
      { ...rule, preference: 4100, from: '10.89.4.0/24', action: { kind: 'lookup', table: 2184 } },
      { ...rule, preference: 4100, from: '10.89.5.7/32', action: { kind: 'lookup', table: 2184 } },
      { ...rule, preference: 4200, from: '10.89.4.0/24', action: { kind: 'prohibit' } },
      { ...rule, preference: 4999, action: { kind: 'nop' } },
    ]);
    expect(foreign).toContainEqual({
      family: 4,
      preference: 100,
      fwmark: { value: 0xca6c, mask: 0xffffffff },
      table: 51820,
    });
    expect(foreign).toContainEqual({
      family: 4,
      preference: 5210,
      fwmark: { value: 0x80000, mask: 0xff0000 },
      table: 52,
    });
    expect(foreign.map(({ preference }) => preference)).toEqual([0, 100, 4100, 5210, 32766, 32767]);
  });

  it('of IPv6 are read the same way', async () => {
    const { owned, foreign } = rulesOf(fixture('ip-rule-6.json'), 6);
    const rule = { kind: 'rule', family: 6 };
    const to = 'fd89:4::/64';
    const from = to;
    expect(owned).toEqual([
      {
        ...rule,
        preference: 4000,
        fwmark: { value: 0x1000, mask: 0x1000 },
        action: { kind: 'goto', preference: 4999 },
      },
      { ...rule, preference: 4050, to, action: { kind: 'lookup', table: 254, suppress: 63 } },
      { ...rule, preference: 4051, to, action: { kind: 'unreachable' } },
      {
        ...rule,
        preference: 4060,
        from,
        to: '2001:4860::8888/128',
        action: { kind: 'goto', preference: 4999 },
      },
      { ...rule, preference: 4100, from, action: { kind: 'lookup', table: 2184 } },
      { ...rule, preference: 4100, from: 'fd89:5::7/128', action: { kind: 'lookup', table: 2184 } },
      { ...rule, preference: 4200, from, action: { kind: 'prohibit' } },
      { ...rule, preference: 4999, action: { kind: 'nop' } },
    ]);
    expect(foreign.map(({ preference }) => preference)).toEqual([0, 100, 4100, 5210, 32766]);
    expect(foreign.every(({ family }) => family === 6)).toBe(true);
  });

  it('may have unknown fields', async () => {
    const text = '[{"priority":4999,"src":"all","nop":null,"protocol":"136","newer":{"a":1}}]';
    expect(rulesOf(text, 4).owned).toMatchObject([{ action: { kind: 'nop' } }]);
  });
});

describe('routes', () => {
  it('are split into ours and foreign by protocol', async () => {
    const { owned, foreign, usedTables } = routesOf(fixture('ip-route.json'), 4);
    const route = { kind: 'route', family: 4, metric: 0 };
    const via = (address: string) => ({ kind: 'unicast', via: address, device: 'eth0' });
    expect(owned).toEqual([
      { ...route, table: 2184, destination: 'default', target: via('192.168.50.2') },
      { ...route, table: 2184, destination: 'default', metric: 4294967295, target: { kind: 'unreachable' } },
      { ...route, table: 2185, destination: 'default', target: { kind: 'unicast', device: 'gre1' } },
      { ...route, table: 254, destination: '10.89.5.0/24', metric: 4000, target: via('192.168.50.11') },
      {
        ...route,
        table: 254,
        destination: '10.89.5.7/32',
        metric: 4294967295,
        target: { kind: 'unreachable' },
      },
    ]);
    expect(new Set(usedTables)).toEqual(new Set([52, 254, 255]));
    expect(foreign).toEqual([
      { destination: '10.89.4.0/24', device: 'br0' },
      { destination: '172.31.0.2/32', device: 'gre1' },
      { destination: '192.168.50.0/24', device: 'eth0' },
    ]);
  });

  it('of IPv6 have a metric, and exclude link-local ones', async () => {
    const read = routesOf(fixture('ip-route-6.json'), 6);
    const route = { kind: 'route', family: 6, metric: 1024 };
    const via = (address: string) => ({ kind: 'unicast', via: address, device: 'eth0' });
    const closed = { metric: 4294967295, target: { kind: 'unreachable' } };
    expect(read.owned).toEqual([
      { ...route, table: 2184, destination: 'default', target: via('2001:db8:50::2') },
      { ...route, table: 2184, destination: 'default', ...closed },
      { ...route, table: 2185, destination: 'default', target: { kind: 'unicast', device: 'gre1' } },
      { ...route, table: 2186, destination: 'default', target: via('fe80::2') },
      { ...route, table: 254, destination: 'fd89:5::7/128', ...closed },
      { ...route, table: 254, destination: 'fd89:5::/64', metric: 4000, target: via('2001:db8:50::11') },
    ]);
    expect(read.foreign).toEqual([
      // ip prints it as ::ffff:10.9.0.0/112.
      { destination: '::ffff:a09:0/112', via: '2001:db8:50::1', device: 'eth0' },
      { destination: '2001:db8:8::/48', via: 'fe80::1', device: 'eth0' },
      { destination: '2001:db8:9::/48', via: 'fe80::1', device: 'eth0' },
      { destination: '2001:db8:50::/64', device: 'eth0' },
      { destination: '2001:db8:77::/64', device: 'eth0' },
      { destination: 'fd31::1/128', device: 'gre1' },
      { destination: 'fd89:4::/64', device: 'br0' },
    ]);
    expect(read.usedTables).toEqual([52, 254, 255]);
  });

  it('to default are listed with their next hops and origin', async () => {
    expect(routesOf(fixture('ip-route-6.json'), 6)).toMatchObject({
      defaultHops: [{ via: '2001:db8:50::1', device: 'eth0' }],
      routerAdvertisedDefaults: ['eth0'],
    });
    expect(routesOf(fixture('ip-route.json'), 4)).toMatchObject({
      defaultHops: [{ via: '192.168.50.1', device: 'eth0' }],
      routerAdvertisedDefaults: [],
    });
  });

  it('with several next hops are read with the first', async () => {
    const text =
      '[{"dst":"10.1.0.0/16","flags":[],"nexthops":[{"gateway":"192.168.50.7","dev":"eth0","weight":1,"flags":[]},' +
      '{"gateway":"192.168.60.7","dev":"eth1","weight":1,"flags":[]}]}]';
    const { foreign } = routesOf(text, 4);
    expect(foreign).toEqual([{ destination: '10.1.0.0/16', via: '192.168.50.7', device: 'eth0' }]);
  });
});

describe('output of ip', () => {
  it.each(['[]', '', '\n'])('is an empty list when empty: %j', async (text) => {
    expect(await readLinks(saying(text))).toEqual([]);
    expect(rulesOf(text, 4)).toEqual({ owned: [], foreign: [] });
    expect(routesOf(text, 4)).toEqual({
      owned: [],
      foreign: [],
      learned: false,
      defaultHops: [],
      routerAdvertisedDefaults: [],
      usedTables: [],
    });
  });

  it.each(['[{"priority":', '{}', '[{"priority":"first"}]', 'Object "rule" is unknown'])(
    'is an error when it fails to decode: %s',
    async (text) => {
      await expect(reading(() => rulesOf(text, 4))).rejects.toMatchObject({
        name: 'MustredirectError',
        code: 'failed',
        message: expect.stringContaining('ip -j -N -4 rule show: its output is not understood') as unknown,
        hint: expect.stringContaining('iproute2') as unknown,
      });
    },
  );

  it('is an error that names the command when ip fails', async () => {
    const exec: Exec = {
      run: async () => ({ exitCode: 255, stdout: '', stderr: 'Cannot open netlink socket' }),
    };
    await expect(readLinks(exec)).rejects.toThrow(
      'ip -j -N -d address show: exit 255: Cannot open netlink socket',
    );
  });
});

describe('readers for verification', () => {
  it('return the route to an address, if any', async () => {
    const text = '[{"dst":"192.0.2.1","gateway":"192.168.50.2","dev":"eth0","prefsrc":"10.89.4.5","uid":0}]';
    const route = { gateway: '192.168.50.2', dev: 'eth0', prefsrc: '10.89.4.5' };
    expect(await getRoute(saying(text), '192.0.2.1')).toEqual(route);
    const none: Exec = { run: async () => ({ exitCode: 2, stdout: '', stderr: 'Network is unreachable' }) };
    expect(await getRoute(none, '192.0.2.1')).toBeUndefined();
  });

  it('return neighbours', async () => {
    const text = '[{"dst":"192.168.50.2","dev":"eth0","lladdr":"02:00:00:00:00:02","state":["STALE"]}]';
    const neighbour = { dst: '192.168.50.2', dev: 'eth0', lladdr: '02:00:00:00:00:02', state: ['STALE'] };
    expect(await readNeighbours(saying(text))).toEqual([neighbour]);
    expect(await readNeighbours(saying(''))).toEqual([]);
  });

  it('return the link below a VLAN, but not the peer of a veth', async () => {
    const link = (ifname: string, kind: string) =>
      `{"ifindex":7,"ifname":"${ifname}","flags":[],"link":"eth0","link_type":"[1]","linkinfo":{"info_kind":"${kind}"}}`;
    const links = await readLinks(saying(`[${link('eth0.7', 'vlan')},${link('web', 'veth')}]`));
    expect(links.map(({ parent }) => parent)).toEqual(['eth0', undefined]);
  });

  it('fail with our error when the output fails to decode', async () => {
    const error = { name: 'MustredirectError', code: 'failed' };
    await expect(getRoute(saying('[{"dev":1}]'), '192.0.2.1')).rejects.toMatchObject(error);
    await expect(readNeighbours(saying('[{}]'))).rejects.toMatchObject(error);
  });
});

describe('values that ip prints', () => {
  const route = { dst: '10.0.0.0/8', dev: 'eth0', protocol: '136' };
  it.each([
    [
      'address',
      { ifindex: 1, ifname: 'e0', flags: [], addr_info: [{ local: 'x', prefixlen: 1 }] },
      'not an address',
    ],
    [
      'address',
      { ifindex: 1, ifname: 'e0', flags: [], addr_info: [{ local: '1.1.1.1', prefixlen: 33 }] },
      'not a prefix',
    ],
    ['route', { ...route, dst: '10.0.0.0/8 dev lo' }, 'not a destination'],
    ['route', { ...route, gateway: '1.1.1.1\nroute flush table main' }, 'not an address'],
    ['route', { ...route, table: '1e3' }, 'not a number'],
    ['rule', { priority: 1, src: 'x y' }, 'src'],
    ['rule', { priority: -1 }, 'priority'],
    ['rule', { priority: 1, fwmark: '0x123456789' }, 'not a mark'],
  ])('are refused when unsafe in a command or malformed: %s %j', async (what, one, message) => {
    const text = JSON.stringify([one]);
    const read = {
      address: () => readLinks(saying(text)),
      route: () => routesOf(text, 4),
      rule: () => rulesOf(text, 4),
    };
    const answer = reading(read[what as keyof typeof read]);
    await expect(answer).rejects.toMatchObject({ name: 'MustredirectError', code: 'failed' });
    await expect(answer).rejects.toThrow(message);
  });
});
