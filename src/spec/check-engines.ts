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
  const message = `accept_replies is for docker: engine ${engine} does not drop replies`;
  return [problemAt(keyPlace(['networks', name, 'accept_replies']), message, 'remove it')];
}

function bridge(
  name: string,
  { engine, bridge: device }: DraftNetwork,
  keyPlace: Checked['keyPlace'],
): PlacedProblem[] {
  if (device === undefined || engine === undefined || engine === 'external') return [];
  const message = `bridge is for external: engine ${engine} reports the bridge of its networks itself`;
  return [problemAt(keyPlace(['networks', name, 'bridge']), message, 'remove it')];
}
