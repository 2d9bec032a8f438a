/** YAML errors in the words of a person who wrote a file, not a parser. */
import type { ErrorCode } from 'yaml';

export interface YamlWords {
  readonly message: string;
  readonly hint?: string;
}

/** Errors after which the rest of the text was still read as it was meant. */
export const harmlessErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_DQ_ESCAPE',
  'BAD_SCALAR_START',
  'MULTIPLE_DOCS',
  'TAG_RESOLVE_FAILED',
]);

const words: Partial<Record<ErrorCode, YamlWords>> = {
  BAD_SCALAR_START: {
    message: 'a value cannot begin with this character',
    hint: 'put the value in quotes',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a second "key:" on one line',
    hint: 'put it on a line of its own, or the value in quotes',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'this line has no "key: value"',
    hint: 'write a colon and a blank after the key',
  },
  MULTIPLE_DOCS: {
    message: 'a second document begins here, and the file is one',
    hint: 'take out the line "---"',
  },
  TAB_AS_INDENT: {
    message: 'a tab in the indentation',
    hint: 'YAML is indented with spaces',
  },
  TAG_RESOLVE_FAILED: {
    message: 'a tag (!...) means nothing here',
    hint: 'take it out',
  },
};

const messageHints: readonly [RegExp, string][] = [
  [/^All mapping items/, 'give this key as many spaces as the keys that it belongs with'],
  [/^All sequence items/, 'give this item as many spaces as the items that it belongs with'],
  [/end with a \]/, 'close the list that began before with "]"'],
  [/end with a \}/, 'close the map that began before with "}"'],
  [/^Missing closing/, 'close the quotes that were opened before'],
];

export function wordsForYamlError(code: ErrorCode, yamlMessage: string): YamlWords {
  const known = words[code];
  if (known) return known;
  const [firstLine = ''] = yamlMessage.split('\n');
  const message = firstLine.charAt(0).toLowerCase() + firstLine.slice(1);
  const hint = messageHints.find(([pattern]) => pattern.test(yamlMessage))?.[1];
  return hint === undefined ? { message } : { message, hint };
}
