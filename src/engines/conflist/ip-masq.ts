/** Masquerade setting of a CNI configuration list. */
import { applyEdits, modify } from 'jsonc-parser';
import { MustredirectError } from '../../error.ts';
import { decodeJson } from '../decode.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { fileSchema, isOnePlugin } from './schema.ts';

/** Returns the masquerade setting as facts. */
export function ipMasqIn(file: string, enabled: boolean): NonNullable<NetworkFacts['masquerade']> {
  return { file, setting: 'ipMasq', enabled };
}

/**
 * Sets `ipMasq` of the bridge plugin in a list or in a file with a single plugin. All other bytes are kept: order,
 * indentation, final newline or none. An absent `ipMasq` means false, and stays absent when false is requested.
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
  // Reached only with a duplicate key: the edit changed the first one, and the second one takes effect.
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
