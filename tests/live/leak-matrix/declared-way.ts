/** What arrives upstream by the declared way, counted there by the kernel, also while links come and go. */
import { waitUntil } from '../../../src/host/background.ts';
import { addresses } from '../../../src/lab/layout.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';

/** `syn` is a new connection, `data` one that stands. */
const kinds = ['icmp', 'udp', 'syn', 'data'] as const;
type Kind = (typeof kinds)[number];

const table = `table ip seen {
  counter seen-icmp {}; counter seen-udp {}; counter seen-syn {}; counter seen-data {}
  chain input {
    type filter hook input priority 0
    ip saddr ${addresses.uplink} ip daddr ${addresses.internet} jump kinds
  }
  chain kinds {
    meta l4proto icmp counter name "seen-icmp"
    meta l4proto udp counter name "seen-udp"
    tcp flags & (syn | ack) == syn counter name "seen-syn"
    tcp flags & psh == psh counter name "seen-data"
  }
}`;

export async function countDeclared(upstream: TestHost): Promise<void> {
  const text = `table ip seen\ndelete table ip seen\n${table.replace('chain input', 'chain kinds {}\nchain input')}`;
  await upstream.run(['nft', '-f', '-'], { input: text });
}

/** How many of each kind have come since the last call. */
async function newOnDeclared(upstream: TestHost): Promise<Record<Kind, number>> {
  const said = await upstream.run(['nft', 'reset', 'counters', 'table', 'ip', 'seen']);
  const counted = (kind: Kind): number =>
    Number(new RegExp(`counter seen-${kind} \\{\\s*packets (\\d+)`).exec(said)?.[1]);
  return { icmp: counted('icmp'), udp: counted('udp'), syn: counted('syn'), data: counted('data') };
}

/** A connection that stood waits up to a few seconds for its next try, or for the reset that ends it. */
const patience = 10_000;

/** Waits until anything comes by the declared way; false when nothing does within so many milliseconds. */
export async function anyByDeclaredWay(upstream: TestHost, timeout: number): Promise<boolean> {
  await newOnDeclared(upstream);
  return waitUntil(
    async () => Object.values(await newOnDeclared(upstream)).some((count) => count > 0),
    timeout,
  );
}

/** Waits until each kind comes by the declared way; false when one does not. */
export async function declaredWayIsOpen(upstream: TestHost): Promise<boolean> {
  const seen = new Set<Kind>();
  await newOnDeclared(upstream);
  return waitUntil(async () => {
    const counted = await newOnDeclared(upstream);
    for (const kind of kinds) if (counted[kind] > 0) seen.add(kind);
    return seen.size === kinds.length;
  }, patience);
}
