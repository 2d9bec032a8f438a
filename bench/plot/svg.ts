/** SVG as text. */

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${attributeText(value)}"`);
  const open = `<${name}${given.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}

/** @param anchor which end of the text is at x */
export function text(
  [x, y]: Point,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  more: Attributes = {},
): string {
  return element('text', { x, y, 'text-anchor': anchor, ...more }, escape(content));
}

export type Point = readonly [x: number, y: number];

export function line([x1, y1]: Point, [x2, y2]: Point, more: Attributes = {}): string {
  return element('line', { x1, y1, x2, y2, ...more });
}

/** A whole picture on white, so that it can be read on any page. */
export function picture(width: number, height: number, title: string, parts: readonly string[]): string {
  const frame = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    'font-family': 'sans-serif',
    'font-size': 12,
    fill: ink,
  };
  const background = element('rect', { width, height, fill: '#ffffff' });
  return `${element('svg', frame, element('title', {}, escape(title)), background, ...parts)}\n`;
}

export const ink = '#24292f';
export const faint = '#d0d7de';

/** Told apart also by those who see no colours: one is dark, one is light, one is dashed. */
const colours: Readonly<Record<string, string>> = {
  plain: '#6e7781',
  'plain again': '#6e7781',
  'by hand': '#e08e0b',
  mustredirect: '#0b5cad',
  rules: '#e08e0b',
  map: '#0b5cad',
};

export function colourOf(variant: string): string {
  return colours[variant] ?? '#0b5cad';
}

function attributeText(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 10) / 10) : escape(value);
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
