/** The program `ip`: batches and lists. */
import type { Output } from '../../src/host/ports.ts';
import { changeRoute, routeJson, allRoutes } from './ip-routes.ts';
import { changeRule, ruleJson } from './ip-rules.ts';
import { type FakeLink, type FakeState, unknownToFake } from './state.ts';
import { readWords } from './words.ts';

/** @param lines stop after so many, as if the next one failed; for failures that a test wants */
export function runIp(state: FakeState, args: readonly string[], input = '', lines = Infinity): Output {
  switch (args.join(' ')) {
    case '-4 -batch -':
      return runBatch(state, input, { force: false, lines });
    case '-force -4 -batch -':
      return runBatch(state, input, { force: true, lines });
    case '-j -N -4 rule show':
      return done(JSON.stringify(state.rules.map((rule) => ruleJson(rule, state.rules))));
    case '-j -N -4 route show table all':
      return done(JSON.stringify(allRoutes(state).map(routeJson)));
    case '-j -d address show':
      return done(JSON.stringify(state.links.map(linkJson)));
    default:
      return unknownToFake(`ip ${args.join(' ')}`);
  }
}

interface BatchOptions {
  readonly force: boolean;
  readonly lines: number;
}

/** Without -force it stops at the first error; what was done before stays in either case. */
function runBatch(state: FakeState, input: string, { force, lines }: BatchOptions): Output {
  let stderr = '';
  for (const [i, line] of input.split('\n').slice(0, -1).entries()) {
    const problem = i < lines ? runLine(state, line) : 'RTNETLINK answers: injected by the test';
    if (problem === undefined) continue;
    stderr += `${problem}\nCommand failed -:${i + 1}\n`;
    if (!force) break;
  }
  return { exitCode: stderr === '' ? 0 : 1, stdout: '', stderr: stderr.trimEnd() };
}

function runLine(state: FakeState, line: string): string | undefined {
  const words = readWords(line);
  const object = words.next();
  const verb = words.next();
  if (object === 'rule') return changeRule(state, verb, words);
  return object === 'route' ? changeRoute(state, verb, words) : unknownToFake(`ip ${line}`);
}

function linkJson({ name, up, addresses, pointToPoint }: FakeLink, index: number): object {
  return {
    ifindex: index + 1,
    ifname: name,
    flags: [
      ...(pointToPoint ? ['POINTOPOINT', 'NOARP'] : ['BROADCAST', 'MULTICAST']),
      ...(up ? ['UP', 'LOWER_UP'] : []),
    ],
    mtu: 1500,
    ...(pointToPoint
      ? { link_type: 'none' }
      : {
          link_type: 'ether',
          address: `02:00:00:00:00:${String(index + 1).padStart(2, '0')}`,
          // On the real kernel the scenarios' links are bridges: they need no other end.
          linkinfo: { info_kind: 'bridge' },
        }),
    addr_info: addresses.map((address) => ({
      family: 'inet',
      local: address.split('/')[0],
      prefixlen: Number(address.split('/')[1]),
      scope: 'global',
    })),
  };
}

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}
