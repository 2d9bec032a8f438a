/** Replaces tabs in the indentation by spaces, so that the rest of the file can be checked, too. */

export interface Untabbed {
  readonly text: string;
  /** by line number, from 1 */
  readonly addedColumns: ReadonlyMap<number, number>;
}

/** Replaces each tab of the indentation by one indentation step of the other lines. */
export function expandIndentation(text: string): Untabbed {
  const lines = text.split('\n');
  const step = ' '.repeat(indentationStep(lines));
  const addedColumns = new Map<number, number>();
  const expanded = lines.map((line, i) => {
    const [indentation = ''] = /^[ \t]*/.exec(line) ?? [];
    if (!indentation.includes('\t')) return line;
    const spaces = indentation.replaceAll('\t', step);
    addedColumns.set(i + 1, spaces.length - indentation.length);
    return spaces + line.slice(indentation.length);
  });
  return { text: expanded.join('\n'), addedColumns };
}

function indentationStep(lines: readonly string[]): number {
  const steps = lines.flatMap((line) => /^( {1,8})[^\s#-]/.exec(line)?.[1]?.length ?? []);
  return steps.reduce((least, length) => Math.min(least, length), steps[0] ?? 2);
}
