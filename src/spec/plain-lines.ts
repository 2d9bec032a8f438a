/** Lines of a YAML text, without comments and surrounding blanks. */
import type { KnownEntry } from './plain-blocks.ts';

export interface Line {
  /** leading spaces */
  readonly indent: number;
  readonly text: string;
  /** stands for all lines of an entry that was read before */
  readonly known?: KnownEntry;
}

/** Invisible characters may change the meaning of a YAML text. */
const invisible = /[^\n\x20-\x7e\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe]/;
/** `- name: value`, with the blanks after the dash */
const itemOfMap = /^-( +)(?=[A-Za-z0-9_][\w.-]{0,63}:(?: |$))/;
const comment = / #/;

export function linesOf(text: string): Line[] {
  return hasInvisible(text) ? [] : visibleLinesOf(text);
}

export function hasInvisible(text: string): boolean {
  return invisible.test(text);
}

/** @param text without invisible characters */
export function visibleLinesOf(text: string): Line[] {
  return text.split('\n').flatMap(linesOfLine);
}

function linesOfLine(raw: string): Line[] {
  const inside = raw.trimStart();
  if (inside === '' || inside.startsWith('#')) return [];
  const indent = raw.length - inside.length;
  const text = withoutComment(inside).trimEnd();
  const [dash = '', blanks] = itemOfMap.exec(text) ?? [];
  if (blanks === undefined) return [{ indent, text }];
  return [
    { indent, text: '-' },
    { indent: indent + dash.length, text: text.slice(dash.length) },
  ];
}

/** After a quote, `#` may be part of the text: the reader of quoted texts handles that comment. */
function withoutComment(text: string): string {
  const at = text.search(comment);
  return at < 0 || /['"]/.test(text.slice(0, at)) ? text : text.slice(0, at);
}
