/**
 * Order of a plan, in one place: every change has a rank, and the plan is sorted by rank. Block before allow, add
 * before delete; removal runs backwards.
 */
export const ranks = {
  resetConnections: 'connections can only be reset while their packets still take the old route',
  union: 'the guard drops packets that are not steered yet, and new connections keep the container’s address',
  forgetFlows: 'the guard drops these flows until conntrack has forgotten their old source address',
  addPolicy: 'the nft table marks packets now, so unmarked packets can be blocked',
  addClosingRule:
    'exceptions come before blocking rules, or the host could not answer its containers for a moment',
  setRedirects: 'a device that comes up changes this setting, which is noted, and undone, before it',
  addTunnel: 'routes by the tunnel need its device',
  addLastRoute: 'the unreachable route of a table has the highest metric, so it can come first',
  addRoute: 'a table is complete before a rule looks it up',
  startRouting: 'tables have their unreachable routes before the routing daemon adds others',
  addOpeningRule: 'blocking rules and tables are in place',
  enableForwarding: 'forwarding begins when everything else is in place',
  switch: 'the tables and rules of the new gateway are in place',
  createNetwork: 'a new network is created last, so that its first packet is redirected already',
  setMasquerade: 'a network is created before its setting is changed',
  removeNetwork: 'a network is removed after its setting is restored',
  insertAccept: 'an accept rule in a foreign chain comes after all blocking rules',
  deleteAccept: 'the accept rules that replace it are in place',
  removeOpeningRule: 'removal runs backwards: rules that open come first',
  stopRouting: 'no rule looks up a table that the routing daemon fills',
  removeRoute: 'no rule looks its table up any more',
  removeClosingRule: 'no rule opens anything any more, so blocking rules can go',
  removePolicy: 'packets must be marked as long as a policy requires the mark',
  restoreSysctl: 'a setting is restored after all our rules and routes that packets could take are gone',
  removeTunnel: 'no route leads to the device any more',
  prune: 'routing has changed, so the table no longer needs the old egress',
  open: 'conntrack has forgotten the old flows, so their packets may pass again',
} as const;

export type Rank = keyof typeof ranks;

const order = new Map(Object.keys(ranks).map((rank, index) => [rank, index]));

/** Compare function for sorting: negative when the first rank comes earlier. */
export function compareRanks(a: Rank, b: Rank): number {
  return (order.get(a) ?? 0) - (order.get(b) ?? 0);
}
