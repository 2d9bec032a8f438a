/** The program `ip`: batches and lists. */
import { type Family, familyOf } from '../../src/address/cidr.ts';
import type { Output } from '../../src/host/ports.ts';
import { changeRoute, routeJson, allRoutes } from './ip-routes.ts';
import { changeRule, ruleFamily, ruleJson } from './ip-rules.ts';
import { changePolicy, listPolicies } from './ip-xfrm.ts';
import { rememberOf } from './remember.ts';
import { type FakeLink, type FakeRule, type FakeState, unknownToFake } from './state.ts';
import { readWords } from './words.ts';

export interface IpOptions {
  readonly input?: string | undefined;
  /** told of each line that was done */
  readonly changed: (line: string) => void;
  /** stop after so many, as if the next one failed; for failures that a test wants */
  readonly lines?: number;
}

export function runIp(state: FakeState, args: readonly string[], options: IpOptions): Output {
  const family = args.includes('-6') ? 6 : 4;
  switch (args.map((arg) => (arg === `-${family}` ? '-FAMILY' : arg)).join(' ')) {
    case '-FAMILY -batch -':
      return runBatch(state, { family, force: false, json: false, ...options });
    case '-force -FAMILY -batch -':
      return runBatch(state, { family, force: true, json: false, ...options });
    case '-j -N -FAMILY -batch -':
      return runBatch(state, { family, force: false, json: true, ...options });
    case '-j -N -FAMILY rule show':
    case '-j -N -FAMILY route show table all':
    case '-j -N -FAMILY xfrm policy list':
      return done(listed(state, family, args.slice(3).join(' ')));
    case '-j -d address show':
      return done(linksJson(state.links));
    default:
      return unknownToFake(`ip ${args.join(' ')}`);
  }
}

interface BatchOptions extends IpOptions {
  readonly family: Family;
  readonly force: boolean;
  /** it lists, and changes nothing */
  readonly json: boolean;
}

/** Without -force it stops at the first error; what was done before stays in either case. */
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

/** What is printed of all that there is of a kind; of policies there is no JSON, whatever the options. */
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
  if (object === 'rule') return changeRule(state, family, verb, words);
  return object === 'route' ? changeRoute(state, family, verb, words) : unknownToFake(`ip ${line}`);
}

function linkJson({ name, up, addresses, pointToPoint, mtu = 1500 }: FakeLink, index: number): object {
  return {
    ifindex: index + 1,
    ifname: name,
    flags: [
      ...(pointToPoint ? ['POINTOPOINT', 'NOARP'] : ['BROADCAST', 'MULTICAST']),
      ...(up ? ['UP', 'LOWER_UP'] : []),
    ],
    mtu,
    ...(pointToPoint || name === 'lo'
      ? { link_type: name === 'lo' ? 'loopback' : 'none' }
      : {
          link_type: 'ether',
          address: `02:00:00:00:00:${String(index + 1).padStart(2, '0')}`,
          // On the real kernel the scenarios' links are bridges: they need no other end.
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
