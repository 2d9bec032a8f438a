/** YAML errors, worded for the author of a file. */
import type { ErrorCode } from 'yaml';

export interface YamlWords {
  readonly message: string;
  readonly hint?: string;
}

/** Errors after which the rest of the text is still read correctly. */
export const harmlessErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_DQ_ESCAPE',
  'BAD_SCALAR_START',
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
    hint: 'remove it',
  },
  UNEXPECTED_TOKEN: {
    message: 'this does not fit what is before it',
    hint: 'look at the spaces, brackets and quotes of this line and of the line before',
  },
};

const wordsByMessage: readonly [RegExp, YamlWords][] = [
  [
    /^All (mapping|sequence) items/,
    {
      message: 'this line is indented unlike the other lines of its block',
      hint: 'indent it with the same number of spaces',
    },
  ],
  [/end with a \]/, { message: 'a list before this line is not closed', hint: 'close it with "]"' }],
  [/end with a \}/, { message: 'a map before this line is not closed', hint: 'close it with "}"' }],
  [
    /^Missing closing/,
    { message: 'these quotes are not closed', hint: 'put the same kind of quotes behind the value' },
  ],
];

export function wordsForYamlError(code: ErrorCode, yamlMessage: string): YamlWords {
  const known = words[code] ?? wordsByMessage.find(([pattern]) => pattern.test(yamlMessage))?.[1];
  if (known) return known;
  const [firstLine = ''] = yamlMessage.split('\n');
  return { message: firstLine.charAt(0).toLowerCase() + firstLine.slice(1) };
}
