/** The masquerade switch of a CNI configuration list. */
import { applyEdits, modify } from 'jsonc-parser';
import { MustredirectError } from '../../error.ts';
import { decodeJson } from '../decode.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { fileSchema, isOnePlugin } from './schema.ts';

/** The switch, for facts. */
export function ipMasqIn(file: string, enabled: boolean): NonNullable<NetworkFacts['masquerade']> {
  return { file, setting: 'ipMasq', enabled };
}

/**
 * The list, or the file of one plugin, with `ipMasq` of its bridge plugin set. All other bytes stay: order,
 * indentation, final newline or none. An absent `ipMasq` means false, and stays absent when that is what is asked for.
 */
export function setIpMasq(content: string, network: string, enabled: boolean): string {
  const source = `CNI file of network ${network}`;
  const path = pathOfBridge(content, source);
  if (!path) {
    throw new MustredirectError('failed', `${source}: has no bridge plugin, so no ipMasq to set`);
  }
  if (ipMasqOf(content, source) === enabled) return content;
  const edited = applyEdits(content, modify(content, [...path, 'ipMasq'], enabled, {}));
  if (ipMasqOf(edited, source) === enabled) return edited;
  // The only way here: the key is there twice, the edit changed the first, and the second counts.
  throw new MustredirectError('failed', `${source}: has ipMasq twice`, { hint: 'remove one of them' });
}

function pathOfBridge(content: string, source: string): (string | number)[] | undefined {
  const index = decodeJson(fileSchema, content, source).plugins.findIndex(({ type }) => type === 'bridge');
  if (index < 0) return undefined;
  return isOnePlugin(JSON.parse(content)) ? [] : ['plugins', index];
}

function ipMasqOf(content: string, source: string): boolean {
  const { plugins } = decodeJson(fileSchema, content, source);
  return plugins.find(({ type }) => type === 'bridge')?.['ipMasq'] === true;
}
