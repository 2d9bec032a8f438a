import { specJsonSchema } from '../../spec/json-schema.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function schema(terminal: Terminal): void {
  terminal.print(JSON.stringify(specJsonSchema(), null, 2));
}
