/** The masquerade switch of a CNI configuration list. */
import { applyEdits, modify } from 'jsonc-parser';
import { MustredirectError } from '../../error.ts';
import { decodeJson } from '../decode.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { conflistSchema } from './schema.ts';

/** The switch, for facts. */
export function ipMasqIn(file: string, enabled: boolean): NonNullable<NetworkFacts['masquerade']> {
  return { file, setting: 'ipMasq', enabled };
}

/**
 * The list with `ipMasq` of its bridge plugin set. All other bytes stay: order, indentation, final newline or
 * none. An absent `ipMasq` means false, and stays absent when that is what is asked for.
 */
export function setIpMasq(content: string, network: string, enabled: boolean): string {
  const source = `CNI file of network ${network}`;
  const index = decodeJson(conflistSchema, content, source).plugins.findIndex(
    ({ type }) => type === 'bridge',
  );
  if (index < 0) {
    throw new MustredirectError('failed', `${source}: has no bridge plugin, so no ipMasq to set`);
  }
  if (ipMasqOf(content, source, index) === enabled) return content;
  const edited = applyEdits(content, modify(content, ['plugins', index, 'ipMasq'], enabled, {}));
  if (ipMasqOf(edited, source, index) === enabled) return edited;
  // The only way here: the key is there twice, the edit changed the first, and the second counts.
  throw new MustredirectError('failed', `${source}: has ipMasq twice`, { hint: 'remove one of them' });
}

function ipMasqOf(content: string, source: string, index: number): boolean {
  return decodeJson(conflistSchema, content, source).plugins[index]?.['ipMasq'] === true;
}
