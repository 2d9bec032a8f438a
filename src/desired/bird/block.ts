/** Text of one block of BIRD's configuration. */

/** @param lines statements, without indentation */
export function block(header: string, lines: readonly string[]): string {
  return `${[`${header} {`, ...lines.map((line) => `  ${line}`), '}'].join('\n')}\n`;
}

/** A block within a block, as lines. */
export function inner(header: string, lines: readonly string[]): string[] {
  return [`${header} {`, ...lines.map((line) => `  ${line}`), '};'];
}
