/** Keys that only some engines have a use for. */
import type { Check, Checked } from './check-context.ts';
import { type PlacedProblem, problemAt } from './tree.ts';

export const checkEngines: Check = ({ draft, keyPlace }) =>
  Object.entries(draft.networks ?? {}).flatMap(([name, network]) => [
    ...acceptReplies(name, network, keyPlace),
    ...bridge(name, network, keyPlace),
  ]);

type DraftNetwork = NonNullable<Checked['draft']['networks']>[string];

function acceptReplies(
  name: string,
  { engine, accept_replies: replies }: DraftNetwork,
  keyPlace: Checked['keyPlace'],
): PlacedProblem[] {
  if (!replies || engine === undefined || engine === 'docker') return [];
  const message = `engine ${engine} drops no answers: accept_replies is for docker`;
  return [problemAt(keyPlace(['networks', name, 'accept_replies']), message, 'take it out')];
}

function bridge(
  name: string,
  { engine, bridge: device }: DraftNetwork,
  keyPlace: Checked['keyPlace'],
): PlacedProblem[] {
  if (device === undefined || engine === undefined || engine === 'external') return [];
  const message = `engine ${engine} tells the bridge of its networks itself: bridge is for external`;
  return [problemAt(keyPlace(['networks', name, 'bridge']), message, 'take it out')];
}
