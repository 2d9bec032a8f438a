/** The default in a table of the kernel, above our unreachable one. */
import type { Family } from '../../address/cidr.ts';
import { learnedMetric } from '../../kinds/ownership.ts';
import { block, inner } from './block.ts';
import { protocolName } from './names.ts';

export function defaultOf(family: Family): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}

/** Nothing but the default, with one metric: the kernel then replaces it in one step. It goes with BIRD. */
export function kernelBlock(table: string, family: Family, kernelTable: number, condition: string): string {
  return block(`protocol kernel ${protocolName('kernel', table)}`, [
    `kernel table ${kernelTable};`,
    `metric ${learnedMetric};`,
    'scan time 10;',
    ...inner(`ipv${family}`, [
      `table ${table};`,
      'import none;',
      `export where net = ${defaultOf(family)} && ${condition};`,
    ]),
  ]);
}
