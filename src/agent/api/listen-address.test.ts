import { describe, expect, it } from 'vitest';
import { isLoopback, listenText, parseListenAddress } from './listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['9479', '127.0.0.1:9479', true],
    ['127.0.0.2:80', '127.0.0.2:80', true],
    ['192.0.2.10:9479', '192.0.2.10:9479', false],
    ['0.0.0.0:9479', '0.0.0.0:9479', false],
    ['[::1]:9479', '[::1]:9479', true],
    ['[2001:DB8:0::1]:65535', '[2001:db8::1]:65535', false],
    ['[::]:1', '[::]:1', false],
  ])('%s', (text, canonical, loopback) => {
    const listen = parseListenAddress(text);
    expect(listen && [listenText(listen), isLoopback(listen)]).toEqual([canonical, loopback]);
  });

  it.each([
    '',
    '0',
    '65536',
    ':9479',
    'localhost:9479',
    '::1:9479',
    '[127.0.0.1]:9479',
    '127.0.0.1',
    '9479 ',
    '1.2.3:4',
  ])('refuses %j', (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });
});
