/** `ip rule` of iproute2 6.1 on Linux 6.18. */
import { inSubnet, widthOf } from './address.ts';
import { familyOf, type Family } from '../../src/address/cidr.ts';
import { type FakeRule, type FakeState, unknownToFake } from './state.ts';
import { type Words, readNumber } from './words.ts';

/** Rules of every host: local, main, and for IPv4 default. */
export const kernelRules: readonly FakeRule[] = (
  [
    [4, 0, 255],
    [4, 32766, 254],
    [4, 32767, 253],
    [6, 0, 255],
    [6, 32766, 254],
  ] as const
).map(([family, preference, table]) => ({
  family,
  preference,
  action: { kind: 'lookup', table },
  protocol: 2,
}));

/** Runs `rule add` and `rule delete`; returns the error, or undefined on success. */
export function changeRule(state: FakeState, family: Family, verb: string, words: Words): string | undefined {
  const rule = readRule(words, family);
  if (verb === 'add') return addRule(state, rule);
  return verb === 'delete' ? deleteRule(state, rule) : unknownToFake(`rule ${verb}`);
}

/** @param family default: family of the addresses */
export function readRule(words: Words, family?: Family): FakeRule {
  words.expect('preference');
  const preference = readNumber(words);
  const from = words.take('from') ? words.next() : undefined;
  const to = words.take('to') ? words.next() : undefined;
  const fwmark = words.take('fwmark') ? readMark(words.next()) : undefined;
  const iif = words.take('iif') ? words.next() : undefined;
  const ipproto = words.take('ipproto') ? readNumber(words) : undefined;
  const dport = words.take('dport') ? words.next() : undefined;
  const action = readAction(words);
  const protocol = words.take('protocol') ? readNumber(words) : 0;
  words.end();
  const source = from === 'all' ? undefined : from;
  return {
    family: family ?? familyOf(source ?? to ?? ''),
    preference,
    from: source,
    to,
    fwmark,
    iif,
    ipproto,
    dport,
    action,
    protocol,
  };
}

function readMark(word: string): { value: number; mask: number } {
  const [value, mask = '0xffffffff'] = word.split('/');
  return { value: Number(value), mask: Number(mask) };
}

function readAction(words: Words): FakeRule['action'] {
  if (words.take('lookup')) {
    const table = readNumber(words);
    if (!words.take('suppress_prefixlength')) return { kind: 'lookup', table };
    return { kind: 'lookup', table, suppress: readNumber(words) };
  }
  if (words.take('goto')) return { kind: 'goto', preference: readNumber(words) };
  if (words.take('blackhole')) return { kind: 'blackhole' };
  if (words.take('prohibit')) return { kind: 'prohibit' };
  if (words.take('unreachable')) return { kind: 'unreachable' };
  words.expect('nop');
  return { kind: 'nop' };
}

function addRule(state: FakeState, rule: FakeRule): string | undefined {
  if (rule.action.kind === 'goto' && rule.action.preference <= rule.preference) {
    return 'Error: Backward goto not supported.';
  }
  if (state.rules.some((other) => printRule(other) === printRule(rule))) {
    return 'RTNETLINK answers: File exists';
  }
  // A new rule comes after those with the same preference.
  const at = state.rules.findIndex((other) => other.preference > rule.preference);
  state.rules = state.rules.toSpliced(at < 0 ? state.rules.length : at, 0, rule);
  return undefined;
}

/** Deletes the first rule with all given fields; fields that are not given match anything. */
function deleteRule(state: FakeState, rule: FakeRule): string | undefined {
  const at = state.rules.findIndex((other) => matchesNamed(other, rule));
  if (at < 0) return 'RTNETLINK answers: No such file or directory';
  state.rules = state.rules.toSpliced(at, 1);
  return undefined;
}

function matchesNamed(other: FakeRule, named: FakeRule): boolean {
  return (
    ruleFamily(other) === ruleFamily(named) &&
    other.preference === named.preference &&
    (named.from === undefined || other.from === named.from) &&
    (named.to === undefined || other.to === named.to) &&
    (named.fwmark === undefined || JSON.stringify(other.fwmark) === JSON.stringify(named.fwmark)) &&
    (named.iif === undefined || other.iif === named.iif) &&
    (named.ipproto === undefined || other.ipproto === named.ipproto) &&
    (named.dport === undefined || other.dport === named.dport) &&
    JSON.stringify(other.action) === JSON.stringify(named.action) &&
    (named.protocol === 0 || other.protocol === named.protocol)
  );
}

export function ruleFamily({ family = 4 }: FakeRule): Family {
  return family;
}

export function printRule(rule: FakeRule): string {
  const { preference, from, to, fwmark, iif, ipproto, dport, action, protocol } = rule;
  return [
    `rule ${ruleFamily(rule) === 6 ? 'of IPv6 ' : ''}${preference}:`,
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(fwmark ? [`fwmark ${fwmark.value}/${fwmark.mask}`] : []),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    ...(ipproto === undefined ? [] : [`ipproto ${ipproto}`]),
    ...(dport === undefined ? [] : [`dport ${dport}`]),
    Object.values(action).join(' '),
    `protocol ${protocol}`,
  ].join(' ');
}

/** Element of `ip -j -N rule show`, with all rules of its family. */
export function ruleJson(rule: FakeRule, all: readonly FakeRule[]): object {
  const { preference, from, to, fwmark, iif, ipproto, dport, action, protocol } = rule;
  const [source = 'all', sourceLength] = (from ?? 'all').split('/');
  const [destination, destinationLength] = (to ?? '').split('/');
  const withLength = (key: string, length: string | undefined): object =>
    length === undefined || length === String(widthOf(ruleFamily(rule))) ? {} : { [key]: Number(length) };
  return {
    priority: preference,
    src: source,
    ...withLength('srclen', sourceLength),
    ...(to === undefined ? {} : { dst: destination, ...withLength('dstlen', destinationLength) }),
    ...(fwmark ? markJson(fwmark) : {}),
    ...(iif === undefined ? {} : { iif }),
    ...(ipproto === undefined ? {} : { ipproto: `ipproto-${ipproto}` }),
    ...(dport === undefined ? {} : portJson(dport)),
    ...actionJson(action, all),
    // RTPROT_UNSPEC and RTPROT_KERNEL are not printed.
    ...(protocol === 0 || protocol === 2 ? {} : { protocol: String(protocol) }),
  };
}

function portJson(dport: string): object {
  const [first, last] = dport.split('-').map(Number);
  return last === undefined ? { dport: first } : { dport_start: first, dport_end: last };
}

function markJson({ value, mask }: NonNullable<FakeRule['fwmark']>): object {
  const fwmark = value === 0 ? '0' : `0x${value.toString(16)}`;
  return mask === 0xffffffff ? { fwmark } : { fwmark, fwmask: `0x${mask.toString(16)}` };
}

function actionJson(action: FakeRule['action'], all: readonly FakeRule[]): object {
  switch (action.kind) {
    case 'lookup':
      return {
        table: String(action.table),
        ...(action.suppress === undefined ? {} : { suppress_prefixlen: action.suppress }),
      };
    case 'goto':
      return {
        goto: action.preference,
        ...(all.some(({ preference }) => preference === action.preference) ? {} : { unresolved: null }),
      };
    case 'nop':
      return { nop: null };
    case 'blackhole':
      // FR_ACT_BLACKHOLE
      return { action: '6' };
    case 'unreachable':
      // FR_ACT_UNREACHABLE
      return { action: '7' };
    case 'prohibit':
      // FR_ACT_PROHIBIT
      return { action: '8' };
  }
}

export interface RuleKey {
  readonly source: string;
  readonly destination: string;
  readonly mark: number;
  /** device by which the packet comes in */
  readonly ingress?: string | undefined;
  readonly protocol?: string | undefined;
  readonly port?: number | undefined;
}

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58 };

/** @param rule rule of the packet's family */
export function ruleMatches(
  rule: FakeRule,
  { source, destination, mark, ingress, protocol = '', port }: RuleKey,
): boolean {
  return (
    (rule.iif === undefined || rule.iif === ingress) &&
    (rule.ipproto === undefined || protocols[protocol] === rule.ipproto) &&
    (rule.dport === undefined || portMatches(rule.dport, port)) &&
    (rule.from === undefined || inSubnet(rule.from, source)) &&
    (rule.to === undefined || inSubnet(rule.to, destination)) &&
    (rule.fwmark === undefined || (mark & rule.fwmark.mask) >>> 0 === rule.fwmark.value)
  );
}

function portMatches(dport: string, port: number | undefined): boolean {
  const [first = 0, last = first] = dport.split('-').map(Number);
  return port !== undefined && port >= first && port <= last;
}
