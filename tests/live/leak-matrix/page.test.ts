import { expect, it } from 'vitest';
import { sectionOf } from './page.ts';

const text = '# Leak matrix\n\nrows\n\n## Endings\n\none\n\n## A hostile container\n\ntwo\n';

it('a section ends where the next one begins, or with the page', () => {
  expect(sectionOf(text, 'Endings')).toBe('## Endings\n\none');
  expect(sectionOf(text, 'A hostile container')).toBe('## A hostile container\n\ntwo');
  expect(sectionOf(text, 'With the agent')).toBe('');
});
