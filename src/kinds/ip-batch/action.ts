/** Lines for one `ip -batch`, with numbers only: an unknown name would abort the batch half way. */
import * as z from 'zod';
import type { Family } from '../../address/cidr.ts';
import type { ActionKind } from '../action-kind.ts';
import { family, strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

export type IpBatch = Plain<typeof schema>;

const schema = z.object({ kind: z.literal('ip'), family, lines: strings });

export const ipBatch: ActionKind<IpBatch> = {
  names: ['ip'],
  schema,
  work: (action) => `writing IPv${action.family} rules, routes and policies`,
  objects: ({ lines }) => lines.length,
  outlivesRestart: false,
  shell: (action, { quote }) =>
    action.lines.map((line) => `ip -${action.family} ${line.split(' ').map(quote).join(' ')}`),
  batch: {
    group: (action) => `${action.family}`,
    join: ([first, ...more]) => ({
      kind: 'ip',
      family: first?.family ?? 4,
      lines: [...(first?.lines ?? []), ...more.flatMap(({ lines }) => lines)],
    }),
  },
};

export function ipLine(of: Family, line: string): IpBatch {
  return { kind: 'ip', family: of, lines: [line] };
}
