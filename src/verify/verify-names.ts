/** Asks for a name as a container does, and looks by which way the question leaves. */
import { type Address, parseAddress } from '../address/cidr.ts';
import { readLinks } from '../host/ip/links.ts';
import { readNeighbours } from '../host/ip/neighbours.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { ask } from './probe/ask.ts';
import { captureWhile } from './probe/captures.ts';
import { judgeNames } from './judge/names.ts';
import { type LiveHost, type Place, execIn } from './live-host.ts';
import { makeQuestion, questionFilter } from './probe/question.ts';
import type { Check, Subject } from './report.ts';
import { unique } from './judge/verdict.ts';
import { waysToGateways } from './judge/egress.ts';

/** @param place a container: a temporary namespace has no name server */
export async function verifyNames(
  host: LiveHost,
  network: NodeNetwork,
  about: Subject,
  place: Place,
): Promise<Check[]> {
  const [server] = await nameServersOf(host, place.pid);
  if (server === undefined) return [];
  const links = await readLinks(host.exec);
  const { ways } = await waysToGateways(host.exec, links, network.nextHops);
  const question = makeQuestion();
  const nextHopLinks = unique(ways.flatMap(({ link, nextHop }) => (nextHop ? link : [])));
  const { packets, result } = await captureWhile(
    host.background,
    questionFilter(question),
    links,
    nextHopLinks,
    () => ask(execIn(host, place.pid), host.node, server, question),
  );
  const neighbours = await readNeighbours(host.exec);
  const asked = { server, answered: result, packets, links, neighbours, ways };
  return [{ ...about, from: place.from, ...judgeNames(network, asked) }];
}

/** Those that its resolv.conf names. The file is the container's: it may be anything, and of any length. */
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
