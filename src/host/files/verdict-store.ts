/** Keeps the agent's verdicts on members in a file, where every run reads them. A restart of the machine removes it. */
import * as z from 'zod';
import type { Verdicts } from '../../health/verdict.ts';
import type { Files } from '../ports.ts';

const used = z.object({ host: z.string(), since: z.string(), why: z.string() });
const hosts = z.array(z.string());
const outage = z.object({ since: z.string(), why: z.string(), agent: z.string() });

const fileSchema = z.object({
  version: z.literal(1),
  gateways: z.record(
    z.string(),
    z.object({
      members: hosts,
      used: z.object({ 4: used.exactOptional(), 6: used.exactOptional() }),
      outage: z.object({ 4: outage.exactOptional(), 6: outage.exactOptional() }).exactOptional(),
      failed: z.object({ 4: hosts.exactOptional(), 6: hosts.exactOptional() }).exactOptional(),
      drained: hosts.exactOptional(),
      away: z.object({ 4: z.array(used).exactOptional(), 6: z.array(used).exactOptional() }).exactOptional(),
    }),
  ),
});

/** No verdicts if the file is missing, or not one of this version: then first members are used. */
export async function readVerdicts(files: Pick<Files, 'read'>, path: string): Promise<Verdicts> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return {};
  try {
    return fileSchema.parse(JSON.parse(text)).gateways;
  } catch {
    return {};
  }
}

/** Removes the file when there is no verdict. */
export async function writeVerdicts(
  files: Pick<Files, 'replace' | 'remove'>,
  path: string,
  gateways: Verdicts,
): Promise<void> {
  if (Object.keys(gateways).length === 0) return files.remove(path);
  await files.replace(path, `${JSON.stringify({ version: 1, gateways }, null, 2)}\n`);
}
