/** Sends a DNS query like a container does, and checks its egress. */
import { type Address, parseAddress } from '../address/cidr.ts';
import { readLinks } from '../host/ip/links.ts';
import { readNeighbours } from '../host/ip/neighbours.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { sendQuery } from './probe/send-query.ts';
import { captureWhile } from './probe/captures.ts';
import { judgeNames } from './judge/names.ts';
import { type LiveHost, type Sender, execIn } from './live-host.ts';
import { makeQuery, queryFilter } from './probe/dns-query.ts';
import type { Check, CheckSubject } from './report.ts';
import { unique } from './judge/verdict.ts';
import { gatewayEgresses } from './judge/egress.ts';

/** @param sender a container: a temporary namespace has no name server */
export async function verifyNames(
  host: LiveHost,
  network: NodeNetwork,
  about: CheckSubject,
  sender: Sender,
): Promise<Check[]> {
  const [server] = await nameServersOf(host, sender.pid);
  if (server === undefined) return [];
  const links = await readLinks(host.exec);
  const { egresses } = await gatewayEgresses(host.exec, links, network.nextHops);
  const query = makeQuery();
  const nextHopLinks = unique(egresses.flatMap(({ link, nextHop }) => (nextHop ? link : [])));
  const { packets, result } = await captureWhile(
    host.background,
    queryFilter(query),
    links,
    nextHopLinks,
    () => sendQuery(execIn(host, sender.pid), host.node, server, query),
  );
  const neighbours = await readNeighbours(host.exec);
  const observed = { server, replied: result, packets, links, neighbours, egresses };
  return [{ ...about, from: sender.from, ...judgeNames(network, observed) }];
}

/** Name servers in the container's resolv.conf, which is untrusted: any content, any length. */
async function nameServersOf({ exec }: LiveHost, pid: number): Promise<Address[]> {
  const path = `/proc/${pid}/root/etc/resolv.conf`;
  const { exitCode, stdout } = await exec.run(['head', '-c', '4096', path], { timeout: 2000 });
  return exitCode === 0 ? parseNameServers(stdout) : [];
}

export function parseNameServers(text: string): Address[] {
  return [...text.matchAll(/^nameserver\s+(\S+)\s*$/gm)].flatMap(
    ([, address = '']) => parseAddress(address) ?? [],
  );
}
