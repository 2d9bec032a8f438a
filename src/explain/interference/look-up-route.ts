/** The kernel's route for a packet that comes in by a device, and the foreign rule that chose it. */
import * as z from 'zod';
import { type Family, contains, familyOf } from '../../address/cidr.ts';
import { decodeJson } from '../../host/ip/json.ts';
import type { Exec } from '../../host/ports.ts';
import { ownProtocol } from '../../kinds/ownership.ts';
import type { ProbePacket } from './flow.ts';

export interface RouteLookup {
  /** output of `ip route get`: `192.0.2.1 via 192.168.50.77 dev eth0 table 77`, or its error */
  readonly text: string;
  readonly failed: boolean;
  readonly table?: number;
  /** foreign rules that may have chosen the route, as `ip rule` prints them, in the order of lookup */
  readonly rules: readonly ForeignRule[];
}

export interface ForeignRule {
  readonly preference: number;
  readonly text: string;
}

const routeGetSchema = z.array(
  z.object({
    gateway: z.string().optional(),
    dev: z.string().optional(),
    table: z.coerce.number().optional(),
  }),
);

/** @param device device by which the packet came in */
export async function lookUpRoute(
  exec: Exec,
  probePacket: ProbePacket,
  device: string,
  mark: number,
): Promise<RouteLookup> {
  const family = familyOf(probePacket.source);
  const { protocol, source, sourcePort, destination, destinationPort } = probePacket;
  const get = ['ip', `-${family}`, '-N', '-j', 'route', 'get', destination, 'from', source, 'iif', device];
  const ports = ['ipproto', protocol, 'sport', `${sourcePort}`, 'dport', `${destinationPort}`];
  const argv = [...get, ...(mark === 0 ? [] : ['mark', `${mark}`]), ...ports];
  const { exitCode, stdout, stderr } = await exec.run(argv, { timeout: 5000 });
  const rules = await readRules(exec, family);
  const fits = rules.filter((rule) => mayMatch(rule, probePacket, device, mark));
  if (exitCode !== 0) {
    const message = stderr.trim().replace(/^RTNETLINK answers: /, '');
    return { text: message, failed: true, rules: texts(fits.filter(({ action }) => action !== undefined)) };
  }
  const [found] = decodeJson(argv, stdout, routeGetSchema);
  const { gateway, dev, table } = found ?? {};
  const route = [
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
  ];
  return {
    text: route.join(' '),
    failed: false,
    ...(table === undefined ? {} : { table }),
    rules: texts(fits.filter((rule) => rule.table === (table ?? mainTable))),
  };
}

const mainTable = 254;

const ruleSchema = z.array(
  z.object({
    priority: z.number(),
    src: z.string().optional(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    iif: z.string().optional(),
    fwmark: z.string().optional(),
    fwmask: z.string().optional(),
    not: z.unknown().optional(),
    table: z.coerce.number().optional(),
    action: z.string().optional(),
    protocol: z.coerce.string().optional(),
  }),
);
type RawRule = z.infer<typeof ruleSchema>[number];

/** The kernel's own rule for main has the last preference, and is not foreign. */
const lastPreference = 32_766;

async function readRules(exec: Exec, family: Family): Promise<RawRule[]> {
  const argv = ['ip', `-${family}`, '-N', '-j', 'rule', 'show'];
  const { exitCode, stdout } = await exec.run(argv, { timeout: 5000 });
  if (exitCode !== 0) return [];
  const rules = decodeJson(argv, stdout, ruleSchema);
  return rules.filter(
    ({ priority, protocol }) => priority > 0 && priority < lastPreference && protocol !== String(ownProtocol),
  );
}

/** Selectors that we do not know count as a match. */
function mayMatch(
  { src, srclen, dst, dstlen, iif, fwmark, fwmask, not }: RawRule,
  probePacket: ProbePacket,
  device: string,
  mark: number,
): boolean {
  if (not !== undefined) return true;
  const isIn = (address: string | undefined, length: number | undefined, packet: string): boolean =>
    address === undefined ||
    address === 'all' ||
    contains(`${address}/${length ?? (familyOf(packet) === 4 ? 32 : 128)}`, packet);
  const mask = Number(fwmask ?? 0xffffffff);
  return (
    isIn(src, srclen, probePacket.source) &&
    isIn(dst, dstlen, probePacket.destination) &&
    (iif === undefined || iif === device) &&
    (fwmark === undefined || (mark & mask) >>> 0 === Number(fwmark))
  );
}

function texts(rules: readonly RawRule[]): ForeignRule[] {
  return rules.map((rule) => ({ preference: rule.priority, text: ruleText(rule) }));
}

function ruleText({ src, srclen, dst, dstlen, iif, fwmark, fwmask, not, table, action }: RawRule): string {
  const subnet = (address: string, length: number | undefined): string =>
    length === undefined ? address : `${address}/${length}`;
  return [
    ...(not === undefined ? [] : ['not']),
    `from ${src === undefined || src === 'all' ? 'all' : subnet(src, srclen)}`,
    ...(dst === undefined ? [] : [`to ${subnet(dst, dstlen)}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}${fwmask === undefined ? '' : `/${fwmask}`}`]),
    ...(table === undefined ? [] : [`lookup ${table}`]),
    ...(action === undefined ? [] : [actionWords[action] ?? action]),
  ].join(' ');
}

/** FR_ACT_* of linux/fib_rules.h, which `ip -N` may print as numbers */
const actionWords: Readonly<Record<string, string>> = { 6: 'blackhole', 7: 'unreachable', 8: 'prohibit' };
