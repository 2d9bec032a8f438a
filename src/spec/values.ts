/** Schemas of the single values of the file, with messages that say what belongs there and what was found. */
import * as z from 'zod';
import { type Address, type Subnet, parseAddress, parseSubnet } from '../address/cidr.ts';
import { engineNames } from './engine-names.ts';
import type { Ports } from './spec.ts';
import { quote } from './tree.ts';

/** `error` option of a schema: what belongs here, and what stands here. For a missing key only the former. */
export function expected(what: string): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) => (input === undefined ? what : `expected ${what}, found ${describeValue(input)}`),
  };
}

/** A value in the words of a message. */
function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  return typeof value === 'number' ? `the number ${value}` : `${value === true}`;
}

/** IPv4 or IPv6 address; comes out canonical. */
export function addressOf(what: string) {
  return z.string(expected(what)).transform((text, context): Address => {
    const address = parseAddress(text);
    if (address !== undefined) return address;
    const [bare = ''] = text.split('/');
    const hint = parseAddress(bare) === undefined ? undefined : `write ${bare}, without a prefix length`;
    return fail(context, `expected ${what}, found ${describeValue(text)}`, hint);
  });
}

/**
 * Narrower than the kernel (IFNAMSIZ 16 with the closing NUL; no "/", ":" or blank; not "." or ".."): the name
 * goes into nft texts, where a quote would end it and a `*` make it a pattern, and into shell scripts.
 */
export const devicePattern = /^(?!\.{1,2}$)[a-zA-Z0-9_.][a-zA-Z0-9_.+=-]{0,14}$/;

export function deviceOf(what: string) {
  return z.string(expected(what)).transform((text, context): string => {
    if (devicePattern.test(text)) return text;
    const [name = ''] = text.split('@');
    const hint =
      name !== text && devicePattern.test(name)
        ? `write ${name}: what follows the @ is not part of the name`
        : 'a device name has 1 to 15 letters, digits, "_", ".", "+", "=" and "-"';
    return fail(context, `expected ${what}, found ${describeValue(text)}`, hint);
  });
}

/** Subnet in CIDR notation; comes out canonical. */
export function subnetOf(what: string) {
  return z.string(expected(what)).transform((text, context): Subnet => {
    const subnet = parseSubnet(text);
    if (typeof subnet === 'string') return subnet;
    switch (subnet.kind) {
      case 'host-bits':
        return fail(context, `${text} has host bits set`, `write ${subnet.subnet}`);
      case 'not-a-subnet':
        return fail(context, `expected ${what}, found ${describeValue(text)}`, prefixHint(text));
    }
  });
}

/** An engine of the format. */
export function engineOf() {
  const others = engineNames.slice(0, -1).join(', ');
  return z.enum(engineNames, expected(`${others} or ${engineNames.at(-1)}`));
}

/** One port, or a range of them as text; comes out as first and last. */
export function portsOf(what: string) {
  return z.union([z.number(), z.string()], expected(what)).transform((given, context): Ports => {
    const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(given)) ?? [];
    const ports = [Number(first), Number(last)] as const;
    if (ports[0] >= 1 && ports[0] <= ports[1] && ports[1] <= 65_535) return ports;
    return fail(context, `expected ${what}, found ${describeValue(given)}`, 'ports go from 1 to 65535');
  });
}

/** One value or a list of them, which comes out as a list. */
export function oneOrMany<T extends z.ZodType>(value: T, what: string) {
  const one = value.transform((given) => [given]);
  return z.union([one, z.array(value).min(1, `expected ${what}, found an empty list`)], expected(what));
}

function prefixHint(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const [network, host] = address.includes(':') ? ['64', '128'] : ['24', '32'];
  return `add the prefix length: ${address}/${host} is this one address, a container network is often a /${network}`;
}

/** The way to fail inside a transform: the issue is noted, the value goes nowhere. */
function fail(context: z.RefinementCtx, message: string, hint: string | undefined): never {
  context.addIssue({ code: 'custom', message, params: { hint } });
  return z.NEVER;
}
