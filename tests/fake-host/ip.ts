/** `ip`: batches and lists. */
import { type Family, familyOf } from '../../src/address/cidr.ts';
import type { Output } from '../../src/host/ports.ts';
import { changeRoute, routeJson, allRoutes } from './ip-routes.ts';
import { changeRule, ruleFamily, ruleJson } from './ip-rules.ts';
import { changeAddress, changeLink, routeTo } from './ip-links.ts';
import { changePolicy, listPolicies } from './ip-xfrm.ts';
import { rememberOf } from './remember.ts';
import { type FakeLink, type FakeRule, type FakeState, type FakeTunnel, unknownToFake } from './state.ts';
import { readWords } from './words.ts';

export interface IpOptions {
  readonly input?: string | undefined;
  /** called after each line that took effect */
  readonly changed: (line: string) => void;
  /** number of lines after which the next one fails, for injected failures */
  readonly lines?: number;
}

export function runIp(state: FakeState, args: readonly string[], options: IpOptions): Output {
  const family = args.includes('-6') ? 6 : 4;
  switch (args.map((arg) => (arg === `-${family}` ? '-FAMILY' : arg)).join(' ')) {
    case '-FAMILY -batch -':
      return runBatch(state, { family, force: false, json: false, ...options });
    case '-force -FAMILY -batch -':
      return runBatch(state, { family, force: true, json: false, ...options });
    case '-batch -':
      return runBatch(state, { family, force: false, json: false, ...options });
    case '-force -batch -':
      return runBatch(state, { family, force: true, json: false, ...options });
    case '-j -N -FAMILY -batch -':
      return runBatch(state, { family, force: false, json: true, ...options });
    case '-j -N -FAMILY rule show':
    case '-j -N -FAMILY route show table all':
    case '-j -N -FAMILY xfrm policy list':
      return done(listed(state, family, args.slice(3).join(' ')));
    case '-j -N -d address show':
      return done(linksJson(state.links));
    default:
      return getRoute(state, args) ?? showLink(state, args) ?? unknownToFake(`ip ${args.join(' ')}`);
  }
}

/** A link with its counters, which a fake host does not move. */
function showLink(state: FakeState, args: readonly string[]): Output | undefined {
  const name = args.at(-1);
  if (args.slice(0, -1).join(' ') !== '-j -d -s -s link show dev') return undefined;
  const at = state.links.findIndex((link) => link.name === name);
  const link = state.links[at];
  if (!link) return { exitCode: 1, stdout: '', stderr: `Device "${name}" does not exist.` };
  return done(JSON.stringify([{ ...linkJson(link, at), stats64: { rx: {}, tx: {} } }]));
}

function getRoute(state: FakeState, args: readonly string[]): Output | undefined {
  const [address = '', from, source] = args.slice(3);
  if (args.slice(0, 3).join(' ') !== '-j route get' || args.length > 6) return undefined;
  if (from !== undefined && from !== 'from') return undefined;
  const isOwn = state.links.some(({ addresses }) => addresses.some((one) => one.split('/')[0] === source));
  if (from && !isOwn) return { exitCode: 2, stdout: '', stderr: 'RTNETLINK answers: Invalid argument' };
  const found = routeTo(state, address);
  return found === undefined
    ? { exitCode: 2, stdout: '', stderr: 'RTNETLINK answers: Network is unreachable' }
    : done(found);
}

interface BatchOptions extends IpOptions {
  readonly family: Family;
  readonly force: boolean;
  /** whether the command lists, and changes nothing */
  readonly json: boolean;
}

/** Without -force, stops at the first error; earlier changes stay in either case. */
function runBatch(
  state: FakeState,
  { family, force, json, input = '', changed, lines = Infinity }: BatchOptions,
): Output {
  let [stdout, stderr] = ['', ''];
  for (const [i, line] of batchLines(input).entries()) {
    if (i < lines && json) {
      stdout += listed(state, family, line);
      continue;
    }
    const problem = i < lines ? runLine(state, family, line) : 'RTNETLINK answers: injected by the test';
    if (problem === undefined) {
      changed(`ip -${family} ${line}`);
      continue;
    }
    stderr += `${problem}\nCommand failed -:${i + 1}\n`;
    if (!force) break;
  }
  return { exitCode: stderr === '' ? 0 : 1, stdout: stdout.replace(/\n$/, ''), stderr: stderr.trimEnd() };
}

export function batchLines(input: string): string[] {
  return input.replace(/\n$/, '').split('\n');
}

/** Output of a list; policies have no JSON, with any options. */
function listed(state: FakeState, family: Family, line: string): string {
  switch (line) {
    case 'rule show':
      return `${rulesJson(state.rules)[family]}\n`;
    case 'route show table all':
      return `${JSON.stringify(allRoutes(state, family).map(routeJson))}\n`;
    case 'xfrm policy list':
      return listPolicies(state, family);
    default:
      return unknownToFake(`ip ${line}`);
  }
}

function runLine(state: FakeState, family: Family, line: string): string | undefined {
  const words = readWords(line);
  const object = words.next();
  const verb = words.next();
  if (object === 'xfrm' && verb === 'policy') return changePolicy(state, family, words);
  if (object === 'link') return changeLink(state, verb, words);
  if (object === 'address') return changeAddress(state, verb, words);
  if (object === 'rule') return changeRule(state, family, verb, words);
  return object === 'route' ? changeRoute(state, family, verb, words) : unknownToFake(`ip ${line}`);
}

function linkJson(
  { name, up, addresses, pointToPoint, mtu = 1500, group = '0', alias, tunnel }: FakeLink,
  index: number,
): object {
  return {
    ifindex: index + 1,
    ifname: name,
    flags: [
      ...(pointToPoint ? ['POINTOPOINT', 'NOARP'] : ['BROADCAST', 'MULTICAST']),
      ...(up ? ['UP', 'LOWER_UP'] : []),
    ],
    mtu,
    group,
    ...(alias === undefined ? {} : { ifalias: alias }),
    ...(tunnel ? { linkinfo: { info_kind: tunnel.type, info_data: tunnelJson(tunnel) } } : {}),
    ...(pointToPoint || name === 'lo'
      ? { link_type: name === 'lo' ? '[772]' : '[65534]' }
      : {
          link_type: '[1]',
          address: `02:00:00:00:00:${String(index + 1).padStart(2, '0')}`,
          // Links of scenarios are bridges on the real kernel, which need no peer.
          linkinfo: { info_kind: 'bridge' },
        }),
    addr_info: addresses.map((address) => ({
      family: familyOf(address) === 4 ? 'inet' : 'inet6',
      local: address.split('/')[0],
      prefixlen: Number(address.split('/')[1]),
      scope: 'global',
    })),
  };
}

function tunnelJson(tunnel: FakeTunnel): object {
  if (tunnel.type === 'wireguard') return {};
  const { local, remote, key, ttl } = tunnel;
  const keyText =
    key === undefined ? {} : { okey: [24, 16, 8, 0].map((bits) => (key >>> bits) & 255).join('.') };
  return { local, remote, ttl, ...keyText };
}

const rulesJson = rememberOf((rules: readonly FakeRule[]): Readonly<Record<Family, string>> => {
  const list = (family: Family): string => {
    const own = rules.filter((rule) => ruleFamily(rule) === family);
    return JSON.stringify(own.map((rule) => ruleJson(rule, own)));
  };
  return { 4: list(4), 6: list(6) };
});

const linksJson = rememberOf((links: readonly FakeLink[]) => JSON.stringify(links.map(linkJson)));

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}
