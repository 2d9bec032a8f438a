/** The matrix as a page. Nothing on it but the versions differs from run to run. */
import { familyOf } from '../../../src/address/cidr.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Cell, Round } from './cell.ts';
import { type PublishedCell, askers, type Asker } from './published.ts';
import { type Kind, kinds } from './traffic.ts';

export interface RoundRow {
  readonly engine: string;
  /** of the network, and which of them was sent */
  readonly families: string;
  /** when the container was started, or what happened before */
  readonly after: string;
  readonly own: string;
  readonly round: Round;
}

export interface PublishedRow {
  readonly engine: string;
  /** of the network, and which of them was sent */
  readonly families: string;
  readonly container: string;
  readonly cells: Readonly<Record<Asker, PublishedCell>>;
}

export interface Page {
  /** one line for each engine: what it was, in which versions */
  readonly versions: readonly string[];
  readonly rounds: readonly RoundRow[];
  readonly afterEvents: readonly RoundRow[];
  readonly published: readonly PublishedRow[];
}

export function pageText({ versions, rounds, afterEvents, published }: Page): string {
  return `# Engines

Made by \`npm run engine-matrix\`, on the real kernel with real engines. Last made with:

${versions.map((line) => `- ${line}`).join('\n')}

Every engine has a network of each family and one of both, docker 20.10 none of IPv6 alone. In each of them, one container
is started before \`apply\`, one after it. All send, and captures on every link see what comes by.

## What leaves

Each cell: the source that the gateway saw, the source that upstream saw, and how many packets were seen elsewhere: at the
isp, where the default routes of node and gateway lead, and on every other device of node and gateway. "own" is the
container's own address, "uplink" that of the gateway's uplink. Before \`apply\` the same captures see every kind
elsewhere, and none at the gateway.

DNS is asked of a server beyond the gateway. 1,400 bytes and over the MTU (3,000 bytes, in fragments) are echo requests.

${table(['engine', 'family', 'container started', ...kinds], rounds.map(roundRow))}

## After what engines do by themselves

The same of a container, after its engine has made its rules anew, or somebody has added one. What is sent meanwhile is in the
[leak matrix](leak-matrix.md).

${table(['engine', 'family', 'what happened', ...kinds], afterEvents.map(roundRow))}

## Published ports

Port 80 of the container, published on the node, and asked from the node's LAN, from an address on the isp's side, from the node
itself, and from another container of the same network. Each cell: whether the container answered, and how many packets were seen at the gateway instead of on the way
that the question came.

${table(['engine', 'family', 'container started', ...askers], published.map(publishedRow))}

## Not in this matrix

${table(['engine', 'what is tried instead'], elsewhereTried)}
`;
}

/** What cannot be installed here, and what has a test of its own. */
const elsewhereTried = [
  [
    'docker 28, 29',
    'what they print, after their documents; the rules by which 28.2 drops answers, set by hand beside docker 20.10 (`tests/live/docker-answers.live.test.ts`)',
  ],
  ['nerdctl', 'its files and what it prints, after its sources and documents'],
  [
    'CNI plugins without an engine',
    'the bridge plugin, called as a runtime calls it, with packets (`tests/live/cni.live.test.ts`)',
  ],
] as const;

/** What a world was measured with: `podman, CNI: podman 4.3.1 with cni, nft 1.0.6, Linux 6.18.44`. */
export async function versionsOf(name: string, { hosts: { node1 }, engine }: World): Promise<string> {
  const [nft, kernel] = await Promise.all([node1.run(['nft', '--version']), node1.run(['uname', '-r'])]);
  const version = (text: string): string => /\d+(\.\d+)+/.exec(text)?.[0] ?? text;
  return `${name}: ${engine.reason}, nft ${version(nft)}, Linux ${version(kernel)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [head, head.map(() => '---'), ...rows].map(line).join('\n');
}

function roundRow({ engine, families, after, own, round }: RoundRow): string[] {
  return [engine, families, after, ...kinds.map((kind: Kind) => cellText(round[kind], own))];
}

function cellText({ atGateway, upstream, elsewhere, answer }: Cell, own: string): string {
  const name = (address: string): string =>
    address === own ? 'own' : address === addressesOf(familyOf(own)).uplink ? 'uplink' : address;
  const names = (list: readonly string[]): string => list.map(name).join(', ') || 'none';
  const silent = answer === '' ? ', **no answer**' : '';
  return `${names(atGateway)}, ${names(upstream)}, ${elsewhere === 0 ? 0 : `**${elsewhere}**`}${silent}`;
}

function publishedRow({ engine, families, container, cells }: PublishedRow): string[] {
  const text = ({ answer, atGateway }: PublishedCell): string =>
    `${answer === 'hello' ? 'answered' : '**no answer**'}, ${atGateway === 0 ? 0 : `**${atGateway}**`}`;
  return [engine, families, container, ...askers.map((asker) => text(cells[asker]))];
}
