/** Text dump of everything on a host that mustredirect may change: a comparison of two shows leftovers. */
import type { TestHost } from './test-host.ts';

/** Section title -> command. Counters and times are omitted, since they change by themselves. */
const sections: Readonly<Record<string, string>> = {
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
    Object.entries(sections).map(async ([section, script]) => {
      const { stdout } = await host.exec.run(['sh', '-c', script]);
      return [section, (section === 'nft' ? sortRuleset(stdout) : stdout).split('\n')] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/**
 * Sorts sets and chains of each table by name, and elements of each set: nft lists them in order of creation or of
 * hashes. The order of rules is kept.
 */
export function sortRuleset(ruleset: string): string {
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

/** One line for each difference: `+ nft: table inet x`; none when both are equal. */
export function compareDumps(before: HostDump, after: HostDump): readonly string[] {
  return Object.keys(after).flatMap((section) => {
    const [old = [], now = []] = [before[section], after[section]];
    if (old.join('\n') === now.join('\n')) return [];
    const removed = old.filter((line) => !now.includes(line)).map((line) => `- ${section}: ${line}`);
    const added = now.filter((line) => !old.includes(line)).map((line) => `+ ${section}: ${line}`);
    return removed.length + added.length > 0
      ? [...removed, ...added]
      : [`~ ${section}: the same lines, another order or number`];
  });
}
