/**
 * The order of a plan, in one place: every change has a rank, and the plan is sorted by rank. Closed before open, add before
 * delete; taking away runs backwards.
 */
export const ranks = {
  resetConnections: 'connections can be ended only while their packets still go by the old way',
  union: 'the guard stops what is not steered yet, and flows begin anew with their own address',
  forgetBegun: 'the guard stops these flows: what conntrack knows of them has the wrong address',
  addPolicy: 'packets are marked now: those that are not can be blocked',
  addClosingRule:
    'exceptions come before what closes, or the host could not answer its containers for a moment',
  addLastRoute: 'the route that closes a table stands behind all others, so it is there first',
  addRoute: 'a table is complete before a rule leads to it',
  addOpeningRule: 'what closes is in place, and so are the tables',
  switchOn: 'forwarding begins when everything else is in place',
  switch: 'the tables and rules of the new gateway are there',
  createNetwork: 'packets of a new network are redirected from the first one on',
  setMasquerade: 'a network comes before its setting, and goes after it',
  removeNetwork: 'a network goes when its setting is given back',
  insertException: 'an exception in a chain of others comes when all that closes is there',
  deleteException: 'the exceptions that replace it are there',
  removeOpeningRule: 'backwards from here: what opens goes first',
  removeRoute: 'no rule leads to its table any more',
  removeClosingRule: 'nothing is open any more: what closes can go',
  removePolicy: 'packets must be marked as long as a policy asks for the mark',
  giveBack: 'a setting is given back when all of ours that packets could still go by is gone',
  prune: 'routing has changed: the old way is not needed any more',
  open: 'whatever flows had of the old way is forgotten now, and begins anew',
} as const;

export type Rank = keyof typeof ranks;

const order = new Map(Object.keys(ranks).map((rank, index) => [rank, index]));

/** For sorting: negative when the first comes earlier. */
export function compareRanks(a: Rank, b: Rank): number {
  return (order.get(a) ?? 0) - (order.get(b) ?? 0);
}
