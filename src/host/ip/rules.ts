/** Reads rules of a host, ours and foreign ones, with numbers instead of names. */
import * as z from 'zod';
import { type Family, subnetOfAddress } from '../../address/cidr.ts';
import type { ForeignRule } from '../../state/facts.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { deviceName } from './device-name.ts';
import { address, isOwnRow, mark, number, numberText, prefixLength } from './fields.ts';
import { decodeJson } from './json.ts';
import { readRows } from './odd-names.ts';

/** FR_ACT_BLACKHOLE, FR_ACT_UNREACHABLE and FR_ACT_PROHIBIT of linux/fib_rules.h, as `ip -N` prints them */
const blockingActions: Readonly<Record<string, Rule['action']>> = {
  6: { kind: 'blackhole' },
  7: { kind: 'unreachable' },
  8: { kind: 'prohibit' },
};

/** protocol names that iproute2 prints in spite of `-N` */
const protocolNumbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58 };

const selector = z.union([z.literal('all'), address]);
const ruleSchema = z.looseObject({
  priority: number,
  src: selector.optional(),
  srclen: prefixLength.optional(),
  dst: selector.optional(),
  dstlen: prefixLength.optional(),
  fwmark: mark.optional(),
  fwmask: mark.optional(),
  iif: deviceName.optional(),
  table: numberText.optional(),
  ipproto: z.string().optional(),
  dport: number.optional(),
  dport_start: number.optional(),
  dport_end: number.optional(),
  suppress_prefixlen: number.optional(),
  goto: number.optional(),
  action: z.string().optional(),
  protocol: z.string().optional(),
});
type RawRule = z.infer<typeof ruleSchema>;

export interface Rules {
  readonly owned: Rule[];
  readonly foreign: ForeignRule[];
}

/** @param text output of `ip -j -N rule show` */
export function decodeRules(argv: readonly string[], text: string, family: Family): Rules {
  const { rows: raw } = decodeJson(
    argv,
    text,
    z.unknown().transform((given) => readRows(given, ruleSchema, isOwnRow)),
  );
  return {
    owned: raw.filter(isOwnRow).map((rule) => ownRule(rule, family)),
    foreign: raw.filter((rule) => !isOwnRow(rule)).map((rule) => foreignRule(rule, family)),
  };
}

function ownRule(raw: RawRule, family: Family): Rule {
  const from = subnetOf(raw.src, raw.srclen);
  const to = subnetOf(raw.dst, raw.dstlen);
  const fwmark = markOf(raw);
  return {
    kind: 'rule',
    family,
    preference: raw.priority,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(fwmark ? { fwmark } : {}),
    ...(raw.iif === undefined ? {} : { device: raw.iif }),
    ...protocolOf(raw),
    ...portsOf(raw),
    action: actionOf(raw),
  };
}

/** `-N` prints `ipproto-6`; any other name belongs to a foreign rule. */
function protocolOf({ ipproto }: RawRule): Pick<Rule, 'protocol'> {
  if (ipproto === undefined) return {};
  const numeric = /^(?:ipproto-)?(\d+)$/.exec(ipproto)?.[1];
  return { protocol: numeric === undefined ? (protocolNumbers[ipproto] ?? 0) : Number(numeric) };
}

function portsOf({
  dport,
  dport_start: first = dport,
  dport_end: last = first,
}: RawRule): Pick<Rule, 'ports'> {
  return first === undefined || last === undefined ? {} : { ports: [first, last] };
}

function actionOf(raw: RawRule): Rule['action'] {
  if (raw.goto !== undefined) return { kind: 'goto', preference: raw.goto };
  if ('nop' in raw) return { kind: 'nop' };
  const blocking = blockingActions[raw.action ?? ''];
  if (blocking) return blocking;
  const suppress = raw.suppress_prefixlen;
  return {
    kind: 'lookup',
    table: Number(raw.table ?? 0),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

function foreignRule(raw: RawRule, family: Family): ForeignRule {
  const fwmark = markOf(raw);
  return {
    family,
    preference: raw.priority,
    ...(fwmark ? { fwmark } : {}),
    ...(raw.table === undefined ? {} : { table: Number(raw.table) }),
  };
}

function markOf({ fwmark, fwmask }: RawRule): { value: number; mask: number } | undefined {
  if (fwmark === undefined) return undefined;
  return { value: Number(fwmark), mask: fwmask === undefined ? 0xffffffff : Number(fwmask) };
}

function subnetOf(text: string | undefined, length: number | undefined): string | undefined {
  if (text === undefined || text === 'all') return undefined;
  return length === undefined ? subnetOfAddress(text) : `${text}/${length}`;
}
