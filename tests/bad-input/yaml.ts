/** A JSON text as YAML in blocks. */
import { stringify } from 'yaml';

export function dumpYaml(json: string): string {
  return stringify(JSON.parse(json), { aliasDuplicateObjects: false });
}
