/** Counts packets that arrive upstream by the declared path; the kernel counts, even while links come and go. */
import type { Family } from '../../../src/address/cidr.ts';
import { waitUntil } from '../../../src/host/process/background.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { eachFamily, families } from './families.ts';

/** `syn` is a new connection, `data` an established one. */
const kinds = ['icmp', 'udp', 'syn', 'data'] as const;
type Kind = (typeof kinds)[number];
/** family -> number of each kind */
type Counted = Readonly<Record<Family, Readonly<Record<Kind, number>>>>;

function tableText(family: Family): string {
  const { uplink, internet } = addressesOf(family);
  const [ip, icmp] = family === 4 ? ['ip', 'icmp'] : ['ip6', 'icmpv6'];
  return `table ${ip} seen {}
delete table ${ip} seen
table ${ip} seen {
  counter seen-icmp {}; counter seen-udp {}; counter seen-syn {}; counter seen-data {}
  chain kinds {
    ${icmp} type echo-request counter name "seen-icmp"
    meta l4proto udp counter name "seen-udp"
    tcp flags & (syn | ack) == syn counter name "seen-syn"
    tcp flags & psh == psh counter name "seen-data"
  }
  chain input {
    type filter hook input priority 0
    ${ip} saddr ${uplink} ${ip} daddr ${internet} jump kinds
  }
}
`;
}

export async function countDeclared(upstream: TestHost): Promise<void> {
  await upstream.run(['nft', '-f', '-'], { input: families.map(tableText).join('') });
}

/** Number of each kind since the last call. */
async function newOnDeclared(upstream: TestHost): Promise<Counted> {
  const [four, six] = await Promise.all(
    ['ip', 'ip6'].map((ip) => upstream.run(['nft', 'reset', 'counters', 'table', ip, 'seen'])),
  );
  const said = { 4: four ?? '', 6: six ?? '' };
  const counted = (family: Family, kind: Kind): number =>
    Number(new RegExp(`counter seen-${kind} \\{\\s*packets (\\d+)`).exec(said[family])?.[1]);
  return eachFamily((family) => {
    const [icmp, udp, syn, data] = kinds.map((kind) => counted(family, kind));
    return { icmp: icmp ?? 0, udp: udp ?? 0, syn: syn ?? 0, data: data ?? 0 };
  });
}

/** An established connection doubles its retransmission timeout: seconds, and more on a busy machine. */
const patience = 40_000;

/**
 * Waits until any packet of each family takes the declared path, up to a timeout in ms; returns the result by family.
 */
export async function anyByDeclaredWay(
  upstream: TestHost,
  timeout: number,
): Promise<Readonly<Record<Family, boolean>>> {
  const come = { 4: false, 6: false };
  await newOnDeclared(upstream);
  await waitUntil(async () => {
    const counted = await newOnDeclared(upstream);
    for (const family of families) {
      if (Object.values(counted[family]).some((count) => count > 0)) come[family] = true;
    }
    return come[4] && come[6];
  }, timeout);
  return come;
}

/** Waits until each kind of packet takes the declared path; returns the result by family. */
export async function declaredWayIsOpen(
  upstream: TestHost,
  wanted: readonly Kind[] = kinds,
): Promise<Readonly<Record<Family, boolean>>> {
  const seen = eachFamily(() => new Set<Kind>());
  await newOnDeclared(upstream);
  await waitUntil(async () => {
    const counted = await newOnDeclared(upstream);
    for (const family of families) {
      for (const kind of wanted) if (counted[family][kind] > 0) seen[family].add(kind);
    }
    return families.every((family) => seen[family].size === wanted.length);
  }, patience);
  return eachFamily((family) => seen[family].size === wanted.length);
}
