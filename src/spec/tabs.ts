/** Replaces tabs in the indentation by spaces, so that the rest of the file can be checked too. */

export interface Untabbed {
  readonly text: string;
  /** line (from 1) -> columns that the line has grown by */
  readonly growth: ReadonlyMap<number, number>;
}

/** Replaces each tab of the indentation by one step of what the other lines are indented with. */
export function expandIndentation(text: string): Untabbed {
  const lines = text.split('\n');
  const step = ' '.repeat(indentationStep(lines));
  const growth = new Map<number, number>();
  const expanded = lines.map((line, i) => {
    const [indentation = ''] = /^[ \t]*/.exec(line) ?? [];
    if (!indentation.includes('\t')) return line;
    const spaces = indentation.replaceAll('\t', step);
    growth.set(i + 1, spaces.length - indentation.length);
    return spaces + line.slice(indentation.length);
  });
  return { text: expanded.join('\n'), growth };
}

function indentationStep(lines: readonly string[]): number {
  const steps = lines.flatMap((line) => /^( {1,8})[^\s#-]/.exec(line)?.[1]?.length ?? []);
  return steps.reduce((least, length) => Math.min(least, length), steps[0] ?? 2);
}
