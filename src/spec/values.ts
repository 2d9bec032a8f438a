/** Schemas of single values in the file, with messages that name the expected and the found value. */
import * as z from 'zod';
import {
  type Address,
  type Subnet,
  familyOf,
  fullPrefixLength,
  parseAddress,
  parseSubnet,
} from '../address/cidr.ts';
import { engineNames } from './engine-names.ts';
import type { Ports } from './spec.ts';
import { quote } from './tree.ts';

/** `error` option of a schema: names the expected and the found value; for a missing key only the former. */
export function expected(what: string): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) => (input === undefined ? what : `expected ${what}, found ${describeValue(input)}`),
  };
}

/** Describes a value in a message. */
function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  return typeof value === 'number' ? `the number ${value}` : `${value === true}`;
}

/** IPv4 or IPv6 address, converted to canonical form. */
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
 * Stricter than the kernel (IFNAMSIZ 16 with the closing NUL; no "/", ":" or blank; not "." or ".."): the name becomes
 * part of nft texts, where a quote would end it and a `*` make it a pattern, and of shell scripts.
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

/** Address of a device with prefix length, in canonical form: `172.31.0.1/30`. */
export function interfaceAddressOf(what: string) {
  return z.string(expected(what)).transform((text, context): string => {
    const [bare = '', length = ''] = text.split('/');
    const address = parseAddress(bare);
    const longest = address === undefined ? 0 : fullPrefixLength(familyOf(address));
    if (
      address !== undefined &&
      /^\d{1,3}$/.test(length) &&
      Number(length) >= 1 &&
      Number(length) <= longest
    ) {
      return `${address}/${Number(length)}`;
    }
    const hint = address === undefined ? undefined : `add the prefix length: ${address}/${longest - 2}`;
    return fail(context, `expected ${what}, found ${describeValue(text)}`, length === '' ? hint : undefined);
  });
}

/** 32 bytes in base64, as `wg pubkey` prints them */
export const publicKeyPattern = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

export function publicKeyOf(what: string) {
  return z
    .string(expected(what))
    .regex(publicKeyPattern, expectedSecret(what, 'a key is 44 characters that end with "="'));
}

/** Part of commands, and the alias of a device: no blanks, no quotes, short enough for IFALIASZ. */
export const keyFilePattern = /^\/(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.@%+=:,/-]{1,200}$/;

export function keyFileOf(
  what: string,
  hint = 'the key itself never stands in the file, which is not a secret',
) {
  return z.string(expectedSecret(what, hint)).transform((text, context): string => {
    if (keyFilePattern.test(text)) return text;
    const relative = 'begin the path with /: a relative one depends on where the command is started';
    return fail(context, `expected ${what}`, isRelativePath(text) ? relative : hint);
  });
}

/** Neither a key nor a password: these have no extension. */
function isRelativePath(text: string): boolean {
  return (
    /^(?:\.{0,2}\/|~\/)?[\w./-]+\.(?:key|psk|pass|password|txt|secret|conf)$/.test(text) &&
    !text.startsWith('/')
  );
}

/** Like `expected`, without the found value: it may be a key. */
function expectedSecret(what: string, hint: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) =>
      input === undefined ? what : `expected ${what}; ${hint}`,
  };
}

/** Address and port: `198.51.100.1:51820` or `[2001:db8::1]:51820`. */
export function endpointOf(what: string) {
  return z.string(expected(what)).transform((text, context): { address: Address; port: number } => {
    const [, in6, in4, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
    const address = parseAddress(in6 ?? in4 ?? '');
    if (address !== undefined && address.includes(':') === (in6 !== undefined) && isPort(Number(port))) {
      return { address, port: Number(port) };
    }
    return fail(context, `expected ${what}, found ${describeValue(text)}`, endpointHint(text));
  });
}

function endpointHint(text: string): string | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return `add the port: ${address.includes(':') ? `[${address}]` : address}:51820`;
  const [, host, in6, port] = /^(?:([^:[\]]*)|\[(.*)\]):(\d+)$/.exec(text) ?? [];
  if (port === undefined) return undefined;
  if (parseAddress(host ?? in6 ?? '') === undefined)
    return /^[\w.-]+$/.test(host ?? '')
      ? 'write an address: a name may lead elsewhere at any time'
      : undefined;
  return isPort(Number(port)) ? undefined : 'ports go from 1 to 65535';
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/** Subnet in CIDR notation, converted to canonical form. */
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

/**
 * Duration with a unit, converted to milliseconds: `300ms`, `2s`.
 *
 * @param limits milliseconds
 */
export function durationOf(what: string, { least, most }: { readonly least: number; readonly most: number }) {
  return z.string(expected(what)).transform((text, context): number => {
    const [, digits, unit] = /^(\d{1,6})(ms|s)$/.exec(text) ?? [];
    const duration = Number(digits) * (unit === 's' ? 1000 : 1);
    if (digits !== undefined && duration >= least && duration <= most) return duration;
    const hint = /^\d+$/.test(text) ? `add the unit: ${text}ms` : undefined;
    return fail(context, `expected ${what}, found ${describeValue(text)}`, hint);
  });
}

/** Whole number with one of some units, without a blank: `1GiB`, `30d`. */
export function scaledOf(
  what: string,
  given: { readonly units: Readonly<Record<string, number>>; readonly least: number; readonly most: number },
) {
  const { units, least, most } = given;
  return z.string(expected(what)).transform((text, context): number => {
    const [, digits = '', unit = ''] = /^(\d{1,6})([a-zA-Z]+)$/.exec(text) ?? [];
    const number = Number(digits) * (units[unit] ?? NaN);
    if (number >= least && number <= most) return number;
    const hint = unit in units ? undefined : `the units are ${Object.keys(units).join(', ')}`;
    return fail(context, `expected ${what}, found ${describeValue(text)}`, hint);
  });
}

/** Name of a supported engine. */
export function engineOf() {
  const others = engineNames.slice(0, -1).join(', ');
  return z.enum(engineNames, expected(`${others} or ${engineNames.at(-1)}`));
}

/** One port, or a range as text, converted to first and last port. */
export function portsOf(what: string) {
  return z.union([z.number(), z.string()], expected(what)).transform((given, context): Ports => {
    const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(given)) ?? [];
    const ports = [Number(first), Number(last)] as const;
    if (isPort(ports[0]) && ports[0] <= ports[1] && isPort(ports[1])) return ports;
    return fail(context, `expected ${what}, found ${describeValue(given)}`, 'ports go from 1 to 65535');
  });
}

/** One value or a list, converted to a list. */
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

/** Fails inside a transform: adds an issue and discards the value. */
function fail(context: z.RefinementCtx, message: string, hint: string | undefined): never {
  context.addIssue({ code: 'custom', message, params: { hint } });
  return z.NEVER;
}
