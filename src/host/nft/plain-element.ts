/** Decodes plain elements of sets and maps, the most common ones, in a fraction of the time that others take. */
import { isIPv4 } from 'node:net';
import { isSubnet4 } from '../../address/range.ts';
import { isObject } from '../../kinds/alike.ts';

/** Returns the text of `elementText` for an IPv4 address or subnet, with or without counter; undefined for others. */
export function plainElement(element: unknown, types: readonly string[]): string | undefined {
  if (types.length !== 1 || types[0] !== 'ipv4_addr') return undefined;
  const value = isObject(element) && isObject(element['elem']) ? element['elem']['val'] : element;
  if (typeof value === 'string') return isIPv4(value) ? value : undefined;
  const prefix = onlyKey(value, 'prefix');
  if (!isObject(prefix)) return undefined;
  const { addr, len } = prefix;
  if (typeof addr !== 'string' || typeof len !== 'number') return undefined;
  const text = `${addr}/${len}`;
  return isSubnet4(text) ? text : undefined;
}

const plainChain = /^[A-Za-z_]\w{0,99}$/;

/** Returns the text of `ruleText` for a verdict that is a goto; undefined for others. */
export function plainGoto(verdict: unknown): string | undefined {
  const goto = onlyKey(verdict, 'goto');
  const target = isObject(goto) ? goto['target'] : undefined;
  return typeof target === 'string' && plainChain.test(target) ? `goto ${target}` : undefined;
}

function onlyKey(value: unknown, key: string): unknown {
  return isObject(value) && key in value && Object.keys(value).length === 1 ? value[key] : undefined;
}

export interface Counts {
  readonly packets: number;
  readonly bytes: number;
}

/** Counters of an element; undefined when nft prints none. */
export function countsOf(element: unknown): Counts | undefined {
  const elem = isObject(element) ? element['elem'] : undefined;
  const counter = isObject(elem) ? elem['counter'] : undefined;
  if (!isObject(counter)) return undefined;
  const { packets, bytes } = counter;
  return isCount(packets) && isCount(bytes) ? { packets, bytes } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
