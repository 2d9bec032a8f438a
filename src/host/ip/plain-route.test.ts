import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRoutes, routeSchema } from './routes.ts';
import { isPlainRoute } from './plain-route.ts';

/** Picks a plain value three times of four, so that most other routes differ in one field. */
const mostly = (plain: readonly unknown[], others: readonly unknown[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...plain) }, fc.constantFrom(...others));
const routes = fc.record({
  dst: mostly(['10.89.4.0/24'], ['default', '10.89.4.7', '10.89.4.1/24', 'fd00::/64', '10.0.0.0/33', 7]),
  type: mostly([undefined, '7', '2'], [7]),
  gateway: mostly([undefined, '192.168.50.2'], ['fe80::1', 'fe80:0::1', '192.168.50', 1]),
  dev: mostly([undefined, 'eth0', 'br-1.2'], ['..', 'a"b', 'longer-than-fifteen', 'ü', '', 0]),
  table: mostly([undefined, '2184'], ['4294967296', '4294967295', 'main', 2184]),
  protocol: mostly([undefined, '136'], [136]),
  metric: mostly([undefined, 0, 4294967295], [4294967296, -1, 1.5, '4000']),
  nexthops: mostly([undefined], [[], [{ gateway: '192.168.50.2', dev: 'eth0' }], 'x']),
});

describe('a plain route', () => {
  it('decodes to itself', () => {
    let plain = 0;
    fc.assert(
      fc.property(routes, (route) => {
        if (!isPlainRoute(route)) return;
        plain += 1;
        expect(routeSchema.parse(route)).toEqual(route);
      }),
      { numRuns: 5000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it.each<[string, unknown]>([
    [
      'one of ours',
      {
        dst: '10.89.4.0/24',
        gateway: '192.168.50.10',
        dev: 'lan0',
        protocol: '136',
        metric: 4000,
        flags: [],
      },
    ],
    [
      'a closed one',
      { type: '7', dst: '10.89.4.0/24', table: '2184', protocol: '136', metric: 4294967295, flags: [] },
    ],
  ])('is %s', (_, route) => expect(isPlainRoute(route)).toBe(true));
});

describe('other routes', () => {
  const read = (rows: unknown) => decodeRoutes(['ip', 'route', 'show'], JSON.stringify(rows), 4);
  const plain = { dst: '10.89.4.0/24', dev: 'eth0', protocol: '136' };

  it('are read along with plain ones', () => {
    const { owned } = read([plain, { ...plain, dst: '10.89.5.7' }, { ...plain, dst: 'default' }]);
    expect(owned.map(({ destination }) => destination)).toEqual(['10.89.4.0/24', '10.89.5.7/32', 'default']);
  });

  it.each<[string, unknown]>([
    ['1: dst: not a destination', [plain, { ...plain, dst: '10.89.4.1/24' }]],
    ['2: metric: ', [plain, plain, { ...plain, metric: -1 }]],
    ['expected array', { dst: '10.89.4.0/24' }],
  ])('are an error with the row index: %s', (message, rows) => {
    expect(() => read(rows)).toThrow(message);
  });
});
