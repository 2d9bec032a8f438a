/**
 * A Linux host in memory, behind the two ports. It takes the argument vectors and texts that run on real
 * hosts, refuses what it does not know, and prints itself. What its programs say was measured: nft 1.0.6,
 * iproute2 6.1, podman 4.3.1, Linux 6.18; the scenarios run on it and on the real kernel alike.
 */
import { MustredirectError } from '../../src/error.ts';
import type { Host, Output, RunOptions } from '../../src/host/ports.ts';
import { runConntrack } from './conntrack.ts';
import { runDocker } from './docker.ts';
import { dumpState } from './dump.ts';
import { type Event, type Fault, faultyFiles } from './faults.ts';
import { createFakeFiles, defaultSysctls } from './files.ts';
import { batchLines, runIp } from './ip.ts';
import { kernelRules } from './ip-rules.ts';
import { runIptables, saveIptables } from './iptables.ts';
import { runNft } from './nft.ts';
import { runPodman } from './podman.ts';
import { runSystemctl } from './systemctl.ts';
import { type FakeLink, type FakeState, unknownToFake } from './state.ts';

export interface FakeHost extends Host {
  readonly state: FakeState;
  /** everything that was asked of the host, in order */
  readonly events: readonly Event[];
  /** Decides for each thing asked whether, and how, it goes wrong; without an argument all goes well again. */
  failWhen(fault?: (event: Event) => Fault | undefined): void;
  /** Calls back after each change of what packets see: each line of a batch, each transaction, each setting. */
  watch(look: (change: string) => void): void;
  /** the host as text: equal texts are equal hosts */
  dump(): string;
}

export type FakeSetup = Partial<Omit<FakeState, 'links' | 'sysctls'>> & {
  readonly links: readonly FakeLink[];
  /** path -> value, where it is not the default */
  readonly sysctls?: Readonly<Record<string, string>>;
};

const loopback: FakeLink = {
  name: 'lo',
  up: true,
  addresses: ['127.0.0.1/8', '::1/128'],
  pointToPoint: false,
};

export function createFakeHost({ links, rules = [], sysctls = {}, ...setup }: FakeSetup): FakeHost {
  const all = [loopback, ...links];
  const state: FakeState = {
    routes: [],
    policies: [],
    nft: undefined,
    files: new Map(),
    flows: [],
    podman: undefined,
    docker: undefined,
    iptables: new Map(),
    ...setup,
    links: all,
    rules: [...kernelRules, ...rules].sort((a, b) => a.preference - b.preference),
    sysctls: new Map([...defaultSysctls(all.map(({ name }) => name)), ...Object.entries(sysctls)]),
  };
  const events: Event[] = [];
  let fault: (event: Event) => Fault | undefined = () => undefined;
  let look: (change: string) => void = () => {};
  const changed = (change: string): void => look(change);
  const begin = (event: Omit<Event, 'index'>): Fault | undefined => {
    const numbered = { ...event, index: events.length };
    events.push(numbered);
    return fault(numbered);
  };
  return {
    state,
    events,
    failWhen(next = () => undefined) {
      fault = next;
    },
    watch(next) {
      look = next;
    },
    dump: () => dumpState(state),
    exec: {
      async run(argv, options = {}) {
        return runProgram(
          state,
          argv,
          { ...options, changed },
          begin({ what: argv.join(' '), changes: changesHost(argv, options), input: options.input ?? '' }),
        );
      },
    },
    files: faultyFiles(createFakeFiles(state, changed), begin),
  };
}

function runProgram(
  state: FakeState,
  [program = '', ...args]: readonly string[],
  { input, changed }: RunOptions & { readonly changed: (change: string) => void },
  fault: Fault | undefined,
): Output {
  const batch = program === 'ip' && args.includes('-batch');
  if (fault?.kind === 'killed') {
    // What the kernel was told before stays.
    if (batch) runIp(state, args, { input, changed, lines: fault.afterLine ?? 0 });
    throw new MustredirectError('failed', 'killed by the test');
  }
  if (fault && !batch) return { exitCode: 1, stdout: '', stderr: 'injected by the test' };
  switch (program) {
    case 'ip':
      return runIp(state, args, { input, changed, ...(fault ? { lines: linesBefore(fault, input) } : {}) });
    case 'nft':
      return runNft(state, args, { input, changed });
    case 'conntrack':
      return runConntrack(state, args, input ?? '', changed);
    case 'podman':
      return runPodman(state, args);
    case 'docker':
      return runDocker(state, args);
    case 'iptables':
    case 'ip6tables':
      return runIptables(state, program, args);
    case 'iptables-save':
    case 'ip6tables-save':
      return saveIptables(state, program, args);
    case 'systemctl':
      return runSystemctl(state, args);
    case 'sh':
      return runConntrack(state, pipedTo('conntrack', args), input ?? '', changed);
    default:
      return unknownToFake([program, ...args].join(' '));
  }
}

/** The arguments of a program that a shell gives its stdin by a pipe. */
function pipedTo(program: string, [flag, script, ...argv]: readonly string[]): readonly string[] {
  const known = flag === '-c' && script === 'cat | "$@"' && argv[0] === 'sh' && argv[1] === program;
  return known ? argv.slice(2) : unknownToFake(`sh ${[flag, script, ...argv].join(' ')}`);
}

/** One of them is the one that fails. */
function linesBefore({ afterLine = 0 }: Fault, input = ''): number {
  return Math.min(afterLine, batchLines(input).length - 1);
}

function changesHost(argv: readonly string[], { input = '' }: RunOptions): boolean {
  if (argv.includes('-batch')) return batchLines(input).some((line) => !/ (?:show|list)(?: |$)/.test(line));
  return ['-f', '-D', '-I', '-R', 'create', 'rm', 'reenable', 'disable'].some((word) => argv.includes(word));
}
