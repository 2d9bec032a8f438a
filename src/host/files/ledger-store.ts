/** Keeps the ledger in a file. */
import * as z from 'zod';
import { onceInARow } from '../../address/once.ts';
import { MustredirectError } from '../../error.ts';
import { engineNames } from '../../spec/engine-names.ts';
import { confFile, networkName, sysctlName } from '../../kinds/fields.ts';
import { natDecisionsSchema } from '../../kinds/flows/nat-decisions.ts';
import { flowsSchema } from '../../kinds/flows/schema.ts';
import { type Ledger, emptyLedger } from '../../state/ledger.ts';
import { isObject } from '../../kinds/alike.ts';
import { deviceName } from '../ip/device-name.ts';
import type { Files } from '../ports.ts';
import { bootId, removeState } from './state-files.ts';

const formatVersion = 1;

const numbers = z.record(z.string(), z.object({ table: z.number(), mark: z.number() }));

const fields = {
  gateways: numbers,
  members: numbers.exactOptional(),
  bypassBit: z.number().exactOptional(),
  checkedBit: z.number().exactOptional(),
  ownerBit: z.number().exactOptional(),
  sysctls: z.record(sysctlName, z.string()),
  bridges: z.record(z.string(), deviceName).exactOptional(),
  discovered: z
    .array(
      z.object({
        name: networkName,
        engine: z.enum(engineNames),
        subnets: z.array(z.string()),
        via: z.string(),
      }),
    )
    .exactOptional(),
  leavesDirectly: z.record(z.string(), z.array(z.literal([4, 6]))).exactOptional(),
  forget: z.array(flowsSchema).exactOptional(),
  nat: z.object({ decisions: natDecisionsSchema, table: z.string().exactOptional() }).exactOptional(),
  networks: z.array(
    z.object({
      engine: z.enum(engineNames),
      name: networkName,
      subnets: z.array(z.string()),
      created: z.boolean(),
      edited: z.object({ file: confFile, original: z.string(), ours: z.string() }).exactOptional(),
    }),
  ),
};

export const ledgerSchema: z.ZodType<Ledger> = z.object(fields);

const fileSchema = z.object({ version: z.literal(formatVersion), boot: z.string(), ...fields });

const parseLedger = onceInARow((text: string): { readonly boot: string; readonly ledger: Ledger } => {
  const { version: _, boot, ...ledger } = fileSchema.parse(JSON.parse(text));
  return { boot, ledger };
});

export async function readLedger(files: Files, path: string): Promise<Ledger> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return emptyLedger;
  try {
    const { boot, ledger } = parseLedger(text);
    return boot === (await bootId(files)) ? ledger : afterRestart(ledger);
  } catch (cause) {
    throw new MustredirectError('refused', `${path}: not a state file of this version`, {
      hint: 'a newer mustredirect wrote it, or it is damaged: use that version, or restore the file',
      cause,
    });
  }
}

/**
 * After a reboot, sysctls have the values of the host's own configuration, and conntrack has no earlier flows. No network
 * leaves directly.
 */
export function afterRestart(ledger: Ledger): Ledger {
  const { nat: _, leavesDirectly: __, ...kept } = ledger;
  return { ...kept, sysctls: {} };
}

/** Removes the file of an empty ledger, so that `destroy` leaves nothing behind. */
export async function writeLedger(files: Files, path: string, ledger: Ledger): Promise<void> {
  if (isEmpty(ledger)) {
    await removeState(files, path);
    return;
  }
  await files.replace(path, await ledgerText(files, ledger));
}

export async function ledgerText(files: Files, ledger: Ledger): Promise<string> {
  return `${JSON.stringify({ version: formatVersion, boot: await bootId(files), ...ledger }, null, 2)}\n`;
}

/** Reads the intact fields of a damaged ledger. */
export function salvageLedger(text: string): Ledger {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return emptyLedger;
  }
  if (!isObject(found)) return emptyLedger;
  const given = found;
  const good = Object.entries(fields).flatMap(([name, schema]) => {
    const { success, data } = schema.safeParse(given[name]);
    return success ? [[name, data]] : [];
  });
  return { ...emptyLedger, ...(Object.fromEntries(good) as Partial<Ledger>) };
}

/** Whether the ledger remembers nothing: every field is an empty map or list. */
function isEmpty(ledger: Ledger): boolean {
  return Object.values(ledger).every(
    (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  );
}
