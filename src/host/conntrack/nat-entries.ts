/**
 * Counts conntrack entries with source NAT. A gateway may have a million of them: awk counts them in a process of its own,
 * at the lowest priority, so that neither the time nor the memory is ours.
 */
import { type Address, type Family, familyOf } from '../../address/cidr.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram } from '../process/missing-program.ts';
import type { Exec } from '../ports.ts';

export interface NatCount {
  /** source address that the outside sees */
  readonly address: Address;
  /** `tcp` */
  readonly protocol: string;
  readonly entries: number;
  /** different ports of the address */
  readonly ports: number;
  /** ports towards the destination address and port that has the most */
  readonly busiest: number;
}

/** Destinations that are counted one by one: 40 MB of awk. The busiest of a full table is among the first of them. */
const destinationsAtMost = 200_000;

/** milliseconds: a million entries take 4 s of a processor, and longer at the lowest priority */
const countTimeout = 120_000;

/**
 * A line has the original tuple and the reply's: source NAT has changed the source if the reply goes to another address.
 * `src=10.89.4.2 dst=203.0.113.9 sport=40000 dport=443 src=203.0.113.9 dst=198.51.100.6 sport=443 dport=40000`
 */
const program = `
BEGIN { FS = "src="; split(addresses, list, " "); for (i in list) wanted[list[i]] = 1 }
$1 == "failed" { failed = 1; exit }
{
  split($3, reply, /[ =]/)
  to = reply[3]
  if (!(to in wanted) || index($2, to " ") == 1) next
  use = to " " substr($1, 1, index($1, " ") - 1)
  entries[use]++
  if (reply[6] != "dport") next
  if (!((use, reply[7]) in seen)) { seen[use, reply[7]] = 1; ports[use]++ }
  place = use " " reply[1] " " reply[5]
  if (!(place in used)) { if (places >= most) next; places++ }
  count = ++used[place]
  if (count > busiest[use]) busiest[use] = count
}
END { if (failed) exit 1; for (use in entries) print use, entries[use], ports[use] + 0, busiest[use] + 0 }
`;

const script =
  '{ conntrack -L -f "$1" || echo failed; } | awk -v most="$2" -v addresses="$3" "$4"; exit "$?"';

/**
 * @param addresses egress addresses of one family; other entries are not counted
 * @throws when conntrack is missing, or fails
 */
export async function countNat(
  exec: Exec,
  family: Family,
  addresses: readonly Address[],
): Promise<NatCount[]> {
  const own = addresses.filter((address) => familyOf(address) === family);
  if (own.length === 0) return [];
  const argv = ['nice', '-n', '19', 'sh', '-c', script, 'sh'];
  const args = [`ipv${family}`, `${destinationsAtMost}`, own.join(' '), program];
  const output = await exec.run([...argv, ...args], { timeout: countTimeout });
  if (/conntrack: (?:not found|command not found)/.test(output.stderr)) throw missingProgram('conntrack');
  if (output.exitCode !== 0) throw commandError(['conntrack', '-L', '-f', `ipv${family}`], output);
  return output.stdout.split('\n').flatMap((line) => {
    const [address, protocol, entries, ports, busiest] = line.split(' ');
    if (address === undefined || protocol === undefined) return [];
    return {
      address,
      protocol,
      entries: Number(entries),
      ports: Number(ports),
      busiest: Number(busiest),
    };
  });
}
