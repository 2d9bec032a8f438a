/** Section of the page on ends of redirects. */
import type { Family } from '../../../src/address/cidr.ts';
import type { LabEngine } from '../../../src/lab/engine.ts';
import { families } from './families.ts';

export interface EndingRow {
  readonly what: string;
  readonly engine: LabEngine;
  readonly by: 'rules' | 'marks';
  /** packets with the container's own address at the isp */
  readonly own: Readonly<Record<Family, number>>;
  /** whether datagrams arrived there afterwards with the address of the node */
  readonly open: Readonly<Record<Family, boolean>>;
}

export function endingsText(rows: readonly EndingRow[]): string {
  return [
    '## Endings',
    '',
    'A container sends, with IPv4 and with IPv6 alike, 500 UDP datagrams a second from one port, data on a TCP connection, and',
    'pings, while its redirect ends. The capture at the isp runs from before that until half a second after it. Control: what',
    'leaves by the isp afterwards is seen in the same place, with the address of the node.',
    '',
    '| ending | engine | steered by | own address, IPv4 | own address, IPv6 | afterwards |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
    '',
  ].join('\n');
}

function cellsOf({ what, engine, by, own, open }: EndingRow): string[] {
  return [
    what,
    engine,
    by,
    ...families.map((family) => (own[family] === 0 ? '0' : '**packets**')),
    families.every((family) => open[family]) ? 'by the isp, with the address of the node' : 'not by the isp',
  ];
}
