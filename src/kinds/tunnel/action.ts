/** Lines for one `ip -batch` about one tunnel device, and arguments of `wg set` after them. */
import * as z from 'zod';
import { devicePattern } from '../../spec/values.ts';
import type { ActionKind } from '../action-kind.ts';
import { strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

export type TunnelAction = Plain<typeof tunnelActionSchema>;

const tunnelActionSchema = z.object({
  kind: z.literal('tunnel'),
  device: z.string().regex(devicePattern, 'not a device name'),
  lines: strings,
  /** arguments of `wg set DEVICE`; empty: nothing to set */
  wireguard: strings,
});

export const tunnelAction: ActionKind<TunnelAction> = {
  names: ['tunnel'],
  schema: tunnelActionSchema,
  work: ({ device }) => `setting up tunnel ${device}`,
  objects: () => 1,
  outlivesRestart: false,
  shell: ({ device, lines, wireguard }, { quote }) => [
    ...lines.map((line) => `ip ${line.split(' ').map(quote).join(' ')}`),
    ...(wireguard.length === 0 ? [] : [['wg', 'set', device, ...wireguard].map(quote).join(' ')]),
  ],
};
