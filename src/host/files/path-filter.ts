/** Counter of packets that the reverse path filter of this network namespace has dropped. */
import type { Files } from '../ports.ts';

/** IPReversePathFilter of `nstat`; 0 if the kernel does not count. IPv6 has no such filter. */
export async function readPathFilterDrops(files: Files): Promise<number> {
  const lines = ((await files.read('/proc/net/netstat')) ?? '').split('\n');
  const at = lines.findIndex((line) => line.startsWith('TcpExt:'));
  const [names = [], values = []] = lines.slice(at, at + 2).map((line) => line.split(' '));
  const index = names.indexOf('IPReversePathFilter');
  return index === -1 ? 0 : Number(values[index] ?? 0);
}
