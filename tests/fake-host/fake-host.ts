/**
 * Linux host in memory that implements the ports. It accepts the argument vectors and texts of real hosts, refuses
 * unknown ones, and prints itself. The output of its programs was recorded with nft 1.0.6, iproute2 6.1, podman 4.3.1
 * and Linux 6.18; the scenarios run on it and on the real kernel.
 */
import { MustredirectError } from '../../src/error.ts';
import type { Host, Output, RunOptions } from '../../src/host/ports.ts';
import { missingProgram } from '../../src/host/process/missing-program.ts';
import { endBird, runBird, runBirdc, startBird } from './bird.ts';
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
import { runWg } from './wireguard.ts';

export interface FakeHost extends Host {
  readonly state: FakeState;
  /** all requests to the host, in order */
  readonly events: readonly Event[];
  /** Decides for each request whether and how it fails; without an argument, nothing fails any more. */
  failWhen(fault?: (event: Event) => Fault | undefined): void;
  /** Calls back after each change that affects packets: a batch line, a transaction, a setting. */
  watch(look: (change: string) => void): void;
  /** the host as text; equal hosts have equal texts */
  dump(): string;
}

export type FakeSetup = Partial<Omit<FakeState, 'links' | 'sysctls'>> & {
  readonly links: readonly FakeLink[];
  /** path -> value, for values other than the default */
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
    udpPorts: new Map(),
    missing: [],
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
    daemon: { folder: '/run/mustredirect/host.bird', bySystemd: false },
  };
}

function runProgram(
  state: FakeState,
  [program = '', ...args]: readonly string[],
  { input, changed }: RunOptions & { readonly changed: (change: string) => void },
  fault: Fault | undefined,
): Output {
  if (state.missing.includes(program)) throw missingProgram(program);
  const batch = program === 'ip' && args.includes('-batch');
  if (fault?.kind === 'killed') {
    // Earlier lines of the batch have taken effect.
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
    case 'wg':
      return runWg(state, args, changed);
    case 'ss':
      return showPort(state, args);
    case 'socat':
      return args[0] === '-V'
        ? { exitCode: 0, stdout: 'socat version 1.7.4.4', stderr: '' }
        : unknownToFake('socat');
    case 'nerdctl':
      throw missingProgram(program);
    case 'unshare':
      // The kernel here can make every device.
      return { exitCode: 0, stdout: '', stderr: '' };
    case 'systemctl':
      return runSystemctl(state, args);
    case 'bird':
      return runBird(state, args);
    case 'birdc':
      return runBirdc(state, args);
    case 'setsid':
      return startBird(state, args);
    case 'sh':
      if (args[2] === 'mustredirect-bird-end') return endBird(state, changed);
      return runConntrack(state, pipedTo('conntrack', args), input ?? '', changed);
    default:
      return unknownToFake([program, ...args].join(' '));
  }
}

function showPort({ udpPorts, tcpPorts = new Map() }: FakeState, args: readonly string[]): Output {
  const ports = args.includes('--udp') ? udpPorts : tcpPorts;
  const [, port] = /^sport = :(\d+)$/.exec(args.at(-1) ?? '') ?? unknownToFake(`ss ${args.join(' ')}`);
  return { exitCode: 0, stdout: ports.get(Number(port)) ?? '', stderr: '' };
}

/** Arguments of a program that reads stdin from a shell's pipe. */
function pipedTo(program: string, [flag, script, ...argv]: readonly string[]): readonly string[] {
  const known = flag === '-c' && script === 'cat | "$@"' && argv[0] === 'sh' && argv[1] === program;
  return known ? argv.slice(2) : unknownToFake(`sh ${[flag, script, ...argv].join(' ')}`);
}

/** Number of lines before the one that fails. */
function linesBefore({ afterLine = 0 }: Fault, input = ''): number {
  return Math.min(afterLine, batchLines(input).length - 1);
}

function changesHost(argv: readonly string[], { input = '' }: RunOptions): boolean {
  if (argv.includes('-batch')) return batchLines(input).some((line) => !/ (?:show|list)(?: |$)/.test(line));
  if (argv.some((word) => word.startsWith('mustredirect-bird')) || argv.includes('configure'))
    return !argv.includes('status');
  return ['-f', 'set', '-D', '-I', '-R', 'create', 'rm', 'reenable', 'disable', 'restart', 'stop'].some(
    (word) => argv.includes(word),
  );
}
