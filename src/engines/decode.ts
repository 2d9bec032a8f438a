/** Decodes output and files of engines with schemas. */
import * as z from 'zod';
import { parseAddress, parseSubnet } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';

/** Subnet as engines write it. Some keep the host bits that the user typed; the schema clears them. */
export const subnetSchema = z.string().transform((text, context) => {
  const subnet = parseSubnet(text);
  if (typeof subnet === 'string') return subnet;
  if (subnet.kind === 'host-bits') return subnet.subnet;
  context.addIssue({ code: 'custom', message: `${text} is not a subnet` });
  return z.NEVER;
});

export const addressSchema = z.string().transform((text, context) => {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  context.addIssue({ code: 'custom', message: `${text} is not an address` });
  return z.NEVER;
});

/**
 * Decodes JSON, or throws an error that names the fields that fail.
 * @param source origin of the text, for the message: a command or a path
 */
export function decodeJson<T>(schema: z.ZodType<T>, text: string, source: string, hint?: string): T {
  return decodeValue(schema, parseJson(text, source, hint), source, hint);
}

export function decodeValue<T>(schema: z.ZodType<T>, value: unknown, source: string, hint?: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new MustredirectError('failed', `${source}: unexpected content: ${issues.join('; ')}`, { hint });
}

/** Returns undefined when decoding fails: objects of other programs must not stop us from reading ours. */
export function tryDecode<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function parseJson(text: string, source: string, hint: string | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MustredirectError('failed', `${source}: not JSON: ${(error as Error).message}`, {
      hint,
      cause: error,
    });
  }
}
