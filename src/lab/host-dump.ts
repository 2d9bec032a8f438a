/** All of a host that mustredirect may change, as text: two of them tell what was left behind. */
import type { TestHost } from './test-host.ts';

/** What is shown, and the program that shows it. Counters and times are left out: they change by themselves. */
const parts: Readonly<Record<string, string>> = {
  'ip rule': 'ip rule; ip -6 rule',
  'ip route': 'ip route show table all; ip -6 route show table all',
  'ip xfrm': 'ip xfrm policy',
  'ip link': 'ls /sys/class/net',
  nft: 'nft --stateless list ruleset',
  sysctl:
    'grep -s "" /proc/sys/net/ipv?/*forward* /proc/sys/net/ipv?/conf/*/* /proc/sys/net/netfilter/nf_conntrack_tcp*',
  files: `find /etc/cni /etc/containers /etc/mustredirect /var/lib/mustredirect -type f \
-exec sha256sum {} + 2>/dev/null | sort -k 2`,
};

export type HostDump = Readonly<Record<string, readonly string[]>>;

export async function dumpHost(host: TestHost): Promise<HostDump> {
  const entries = await Promise.all(
    Object.entries(parts).map(async ([part, script]) => {
      const { stdout } = await host.exec.run(['sh', '-c', script]);
      return [part, (part === 'nft' ? inOneOrder(stdout) : stdout).split('\n')] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/**
 * A ruleset with the sets and chains of each table in order of their names, and the elements of each set in order: nft lists
 * them as they were made, or as they are hashed. Rules keep their order.
 */
export function inOneOrder(ruleset: string): string {
  return ruleset.replaceAll(/^(table [^\n]*\n)(.*?)^\}/gms, (_, head: string, body: string) => {
    const objects = body.split(/^(?=\t(?:set|map|chain) )/m).map((object) =>
      object.trim().replace(/elements = \{([^}]*)\}/, (__, elements: string) => {
        const sorted = elements
          .split(',')
          .map((element) => element.trim())
          .sort();
        return `elements = { ${sorted.join(', ')} }`;
      }),
    );
    return `${head}${objects.toSorted().join('\n')}\n}`;
  });
}

/** One line for each difference: `+ nft: table inet x`; none when both are the same. */
export function compareDumps(before: HostDump, after: HostDump): readonly string[] {
  return Object.keys(after).flatMap((part) => {
    const [old = [], now = []] = [before[part], after[part]];
    if (old.join('\n') === now.join('\n')) return [];
    const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${part}: ${line}`);
    const come = now.filter((line) => !old.includes(line)).map((line) => `+ ${part}: ${line}`);
    return gone.length + come.length > 0
      ? [...gone, ...come]
      : [`~ ${part}: the same lines, another order or number`];
  });
}
