/** Lines of a YAML text without comments and blanks around them. */

export interface Line {
  /** spaces before it */
  readonly indent: number;
  readonly text: string;
}

/** What one cannot see changes what YAML makes of a text. */
const invisible = /[^\n\x20-\x7e\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe]/;
/** `- name: value`, with the blanks behind the dash */
const itemOfMap = /^-( +)(?=[A-Za-z0-9_][\w.-]{0,63}:(?: |$))/;
const comment = / #/;

export function linesOf(text: string): Line[] {
  if (invisible.test(text)) return [];
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

/** Behind a quote, a `#` may be part of a text: whoever reads that looks for the comment behind it. */
function withoutComment(text: string): string {
  const at = text.search(comment);
  return at < 0 || /['"]/.test(text.slice(0, at)) ? text : text.slice(0, at);
}
