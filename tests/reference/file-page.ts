/** Generates docs/reference/file.md: every key of the file, from its JSON Schema. */
import { specJsonSchema } from '../../src/spec/json-schema.ts';
import { code, table } from './markdown.ts';

/** Parts of JSON Schema that the file's schema uses. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

const introduction = `# The file

Generated from the schema by \`npm run reference\`. \`mustredirect schema\` prints the same schema as JSON Schema, for editors.

mustredirect reads \`/etc/mustredirect/mustredirect.yaml\`; \`-f FILE\` names another one. The file is the same on every host
that it names. A key that is not listed here is an error. \`mustredirect validate\` reports all errors together, with line
and column.
`;

export function filePage(): string {
  return [introduction, ...sectionsOf('Top level', '', specJsonSchema())].join('\n');
}

/** Keys of a map, followed by the maps in its keys. */
function sectionsOf(title: string, path: string, schema: Schema): string[] {
  const keys = Object.entries(schema.properties ?? {});
  const rows = keys.map(([key, value]) => [
    code(key),
    schema.required?.includes(key) ? 'yes' : 'no',
    valueText(value),
    value.description ?? '',
    (value.examples ?? []).map((example) => code(flow(example))).join(', '),
  ]);
  const about = path === '' ? '' : `\n${code(path)}: ${schema.description ?? ''}\n`;
  const head = ['key', 'required', 'value', 'meaning', 'examples'];
  return [
    `## ${title}\n${about}\n${table(head, rows)}\n`,
    ...keys.flatMap(([key, value]) => below(path === '' ? key : `${path}.${key}`, value)),
  ];
}

function below(path: string, value: Schema): string[] {
  if (value.properties) return sectionsOf(headingOf(path, value), path, value);
  if (value.items?.properties) return sectionsOf(titleOf(value.items), `${path}[]`, value.items);
  const named = value.additionalProperties;
  if (typeof named === 'object' && named.properties) return sectionsOf(titleOf(named), `${path}.NAME`, named);
  return [];
}

/** Maps of an uplink have the names of protocols, and `routing` is a key of two maps. */
function headingOf(path: string, value: Schema): string {
  const keys = path.split('.');
  const key = keys.at(-1) ?? '';
  const word = mapWords[key] ?? titleOf(value).replaceAll('_', ' ');
  if (!['routing', 'bfd'].includes(key)) return word;
  return `${word} of ${keys.includes('uplink') ? 'an uplink' : 'a gateway'}`;
}

const mapWords: Readonly<Record<string, string>> = {
  gre: 'GRE',
  ipip: 'IP in IP',
  wireguard: 'WireGuard',
  routing: 'Routing',
  bfd: 'BFD',
};

function titleOf({ title = '' }: Schema): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function valueText(value: Schema): string {
  if (value.const !== undefined) return code(flow(value.const));
  if (value.enum) return value.enum.map(code).join(', ');
  if (value.anyOf) return [...new Set(value.anyOf.map(valueText))].join(', or ');
  if (value.type === 'array')
    return value.items?.properties ? 'list of maps' : `list of ${plural(value.items)}`;
  if (value.type === 'object') return mapText(value);
  if (value.type === 'integer') return `whole number, ${value.minimum} to ${value.maximum}`;
  return typesOf(value)
    .map((type) => typeWords[type]?.one ?? type)
    .join(' or ');
}

const typeWords: Readonly<Record<string, { readonly one: string; readonly many: string }>> = {
  string: { one: 'text', many: 'texts' },
  number: { one: 'number', many: 'numbers' },
  boolean: { one: '`true` or `false`', many: '' },
};

function typesOf({ type = [], anyOf = [] }: Schema): readonly string[] {
  return [...(typeof type === 'string' ? [type] : type), ...anyOf.flatMap(typesOf)];
}

function plural(items: Schema = {}): string {
  return typesOf(items)
    .map((type) => typeWords[type]?.many ?? type)
    .join(' or ');
}

function mapText({ properties, additionalProperties: named }: Schema): string {
  if (properties) return 'map';
  return typeof named === 'object' && named.properties
    ? 'map of names to maps'
    : 'map of names to a text or a list of texts';
}

/** Formats a value on one line, as in the file. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, held]) => `${key}: ${flow(held)}`);
    return `{ ${entries.join(', ')} }`;
  }
  return String(value);
}
