/** Converts a JSON text to block YAML. */
import { stringify } from 'yaml';

export function dumpYaml(json: string): string {
  return stringify(JSON.parse(json), { aliasDuplicateObjects: false });
}
