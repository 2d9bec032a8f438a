/** Section on the hostile container in docs/leak-matrix.md, without figures that differ from run to run. */
import { countPackets, type Leak } from './judge.ts';

export interface Row {
  /** `rules-0` */
  readonly steering: string;
  readonly rpFilter: number;
  readonly bridged: number;
  readonly packets: number;
  readonly leaks: readonly Leak[];
}

export function rowText({ steering, rpFilter, bridged, packets, leaks }: Row): string {
  const elsewhere = ([4, 6] as const).map((family) =>
    countPackets(leaks, family) === 0 ? '0' : '**packets**',
  );
  return `| ${[steering, rpFilter, bridged, packets, ...elsewhere].join(' | ')} |`;
}

export function sectionText(rows: readonly Row[], atLeast: number): string {
  return [
    '## A hostile container',
    '',
    'A container sends crafted packets from inside of its network: sources that are not its own, to the outside, to the node, to',
    'other networks and to published ports; all protocols, fragments, options, extension headers, frames of all kinds, and flows',
    'that it makes up. Captures look for each packet, for answers to it and for errors about it: at the isp, at both gateways and',
    'their uplinks, at a neighbour of the LAN, and on the bridges of three other networks. "0" below: none was seen where an honest',
    `packet of the network may not be. Control: before \`apply\`, more than ${atLeast} of each family are seen at the isp, and some on`,
    'each of the bridges; marked datagrams are seen by each capture.',
    '',
    '| steering by | `rp_filter` | `bridge-nf-call-*` | packets | elsewhere, IPv4 | elsewhere, IPv6 |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(rowText),
    '',
  ].join('\n');
}
