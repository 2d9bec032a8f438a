import { describe, expect, it } from 'vitest';
import { formatProblems, sortProblems } from './problem.ts';

function format(text: string, line: number, column: number): string[] {
  return formatProblems([{ line, column, path: 'a.b', message: 'wrong' }], text, 'f.yaml').split('\n');
}

describe('formatProblems', () => {
  it('shows position, line, caret and hint', () => {
    const problem = { line: 2, column: 4, path: 'b', message: 'wrong', hint: 'write 2' };
    expect(formatProblems([problem, { ...problem, path: '' }], 'a: 1\nb: x\n', 'f.yaml')).toBe(
      [
        'f.yaml:2:4: b: wrong',
        '    b: x',
        '       ^',
        '    hint: write 2',
        'f.yaml:2:4: wrong',
        '    b: x',
        '       ^',
        '    hint: write 2',
      ].join('\n'),
    );
  });

  it.each([
    ['a tab takes one column', '\ta:\tx', 5, ['     a: x', '        ^']],
    ['a carriage return is not shown', 'a: x\r', 4, ['    a: x', '       ^']],
    [
      'an escape sequence does not reach the terminal',
      '\u001b[31ma: x',
      9,
      ['    \uFFFD[31ma: x', '            ^'],
    ],
    ['wide letters take two columns', '名: x', 4, ['    名: x', '        ^']],
    ['emoji take two columns', '🙂: x', 5, ['    🙂: x', '        ^']],
    ['combining marks take no column', 'e\u0301: x', 5, ['    e\u0301: x', '       ^']],
    ['the end of the line has a caret too', 'a:', 3, ['    a:', '      ^']],
    ['a blank line is not shown', '  ', 1, []],
    [
      'a password is not shown',
      'a: { password: two, b: 1 }',
      6,
      ['    a: { password: ***, b: 1 }', '         ^'],
    ],
    ['a quoted one neither', `password: 'two words'`, 1, ['    password: ***********', '    ^']],
    ['the path of a file is', `pass_file: '/etc/a'`, 1, [`    pass_file: '/etc/a'`, '    ^']],
    [
      'a key of WireGuard is not shown, wherever it is',
      'peer: yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=',
      1,
      ['    peer: ********************************************', '    ^'],
    ],
  ])('%s', (_, text, column, shown) => {
    expect(format(text, 1, column).slice(1)).toEqual(shown);
  });

  it.each([1, 61, 150, 290, 300])('cuts a line of 300 columns around column %d', (column) => {
    const letters = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(97 + (i % 26))).join('');
    const [, line = '', caret = ''] = format(letters, 1, column);
    expect(line.length).toBeLessThanOrEqual(4 + 100 + 2);
    expect(line[caret.indexOf('^')]).toBe(letters[column - 1]);
    expect(line.startsWith('    …')).toBe(column > 61);
    expect(line.endsWith('…')).toBe(column < 261);
  });

  it('accepts a line number beyond the text', () => {
    expect(format('a', 9, 9)).toEqual(['f.yaml:9:9: a.b: wrong']);
  });
});

describe('sortProblems', () => {
  it('sorts by position, and removes duplicates', () => {
    const at = (line: number, column: number) => ({ line, column, path: 'p', message: 'm' });
    expect(sortProblems([at(2, 1), at(1, 9), at(2, 1), at(1, 2)])).toEqual([at(1, 2), at(1, 9), at(2, 1)]);
  });
});
