/** Keys that only some engines have a use for. */
import type { Check } from './check.ts';
import { problemAt } from './tree.ts';

export const checkEngines: Check = ({ draft, keyPlace }) =>
  Object.entries(draft.networks ?? {}).flatMap(([name, { engine, accept_replies: replies }]) => {
    if (!replies || engine === undefined || engine === 'docker') return [];
    const message = `engine ${engine} drops no answers: accept_replies is for docker`;
    return [problemAt(keyPlace(['networks', name, 'accept_replies']), message, 'take it out')];
  });
