import { describe, expect, it } from 'vitest';
import { unitWord } from './unit-word.ts';

describe('unitWord', () => {
  it.each([
    ['/usr/bin/node', '/usr/bin/node'],
    [':/usr/bin/node', ':/usr/bin/node'],
    ['/srv/my files/a.yaml', '"/srv/my files/a.yaml"'],
    ['/srv/100%/a', '/srv/100%%/a'],
    ['/srv/$HOME', '"/srv/$HOME"'],
    [`/srv/"quoted"`, String.raw`"/srv/\"quoted\""`],
    [`/srv/it's`, `"/srv/it's"`],
    [String.raw`/srv/a\b`, String.raw`"/srv/a\\b"`],
    ['a\n[Service]', String.raw`"a\n[Service]"`],
    [';', '";"'],
    ['', '""'],
  ])('%j', (word, written) => {
    expect(unitWord(word)).toBe(written);
  });
});
