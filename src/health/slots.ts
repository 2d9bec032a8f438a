/**
 * Slots of a gateway with `mode: balance`: the hash of a connection's addresses is one of them, and each belongs to a
 * member. Pure, and the same on every node: members and weights of the file, and which members are in use, decide.
 */

/** 256 slots: a share is exact to 0.2 % of all connections. */
export const slotCount = 256;
/** Seed of the hash. Without one, nftables takes a random one for each rule, and a rule made anew would move connections. */
export const slotSeed = 1;

/** A member, with its share of slots in proportion to the other weights. */
export interface Weighted {
  readonly host: string;
  readonly weight: number;
}

/**
 * Owner of each slot. Every slot has an order of members, and belongs to the first of them that is in use: when a member
 * leaves, its slots alone get another owner, and when it is back, it gets the same slots again.
 *
 * @param inUse none or unknown hosts: all members are in use
 */
export function slotOwners(members: readonly Weighted[], inUse: readonly string[]): string[] {
  const used = new Set(inUse.filter((host) => members.some((member) => member.host === host)));
  return slotOrders(members).map((order) => order.find((host) => used.has(host)) ?? order[0] ?? '');
}

/** Number of slots of each member that has any. */
export function slotsByOwner(owners: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const host of owners) counts.set(host, (counts.get(host) ?? 0) + 1);
  return counts;
}

/**
 * Orders of all slots. Whichever members are missing, the others share their slots by weight: each set of members that
 * are left deals out its slots in turn, by smooth weighted round robin.
 */
function slotOrders(members: readonly Weighted[]): string[][] {
  const dealers = new Map<string, () => Weighted>();
  const dealFrom = (left: readonly Weighted[]): Weighted | undefined => {
    const key = left.map(({ host }) => host).join(' ');
    const dealer = dealers.get(key) ?? weightedTurns(left);
    dealers.set(key, dealer);
    return left.length === 0 ? undefined : dealer();
  };
  return Array.from({ length: slotCount }, () => {
    const order: string[] = [];
    let left = members;
    for (let next = dealFrom(left); next; next = dealFrom(left)) {
      const { host } = next;
      order.push(host);
      left = left.filter((member) => member.host !== host);
    }
    return order;
  });
}

/** In every row of turns, each member has had its share, give or take one. */
function weightedTurns(members: readonly Weighted[]): () => Weighted {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const credits = members.map((member) => ({ member, credit: 0 }));
  return () => {
    for (const one of credits) one.credit += one.member.weight;
    const richest = credits.reduce((best, one) => (one.credit > best.credit ? one : best));
    richest.credit -= total;
    return richest.member;
  };
}
