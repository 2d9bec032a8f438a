/** Checks keys that only some engines use. */
import type { Check } from './check-context.ts';
import { problemAt } from './tree.ts';

export const checkEngines: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.networks ?? {}).flatMap(([name, { engine, accept_replies: replies, bridge }]) => {
    if (engine === undefined) return [];
    const problem = (key: string, message: string) =>
      problemAt(keyPosition(['networks', name, key]), message, 'remove it');
    const dropsNone = `accept_replies is for docker: engine ${engine} does not drop replies`;
    const reportsBridge = `bridge is for external: engine ${engine} reports the bridge of its networks itself`;
    return [
      ...(replies && engine !== 'docker' ? [problem('accept_replies', dropsNone)] : []),
      ...(bridge !== undefined && engine !== 'external' ? [problem('bridge', reportsBridge)] : []),
    ];
  });
