/**
 * Randomly changed output of programs and files of engines: the result is an error before any change of the host, or a
 * plan whose texts for nft and ip are safe.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPlan } from '../src/apply/apply.ts';
import { openLedger } from '../src/apply/ledger-keeper.ts';
import { type Prepared, type Target, prepare } from '../src/inspect/prepare.ts';
import { printError } from '../src/cli/terminal/print-error.ts';
import { recordedTerminal } from '../src/cli/terminal/recorded-terminal.ts';
import { MustredirectError } from '../src/error.ts';
import { readNeighbours } from '../src/host/ip/neighbours.ts';
import type { Exec, Host } from '../src/host/ports.ts';
import type { Action } from '../src/kinds/action.ts';
import type { Spec } from '../src/spec/spec.ts';
import { mutatedTexts } from './bad-input/mutate-text.ts';
import { mutatedValues } from './bad-input/mutate-value.ts';
import { seed, seedText } from './bad-input/seed.ts';
import type { FakeHost } from './fake-host/fake-host.ts';
import { newHost, targetOf } from './property/host.ts';
import { numRuns, timeout } from './property/runs.ts';
import { here } from './property/specs.ts';
import { applyTo, ledgerPath, noPause, testRun } from './scenario/play.ts';

function recorded(path: string): string {
  return readFileSync(new URL(`../src/${path}`, import.meta.url), 'utf8');
}

function specWith(direct: readonly string[], device: string): Spec {
  const gateway = (host: string) => ({
    members: [{ host, uplink: { device } }],
    snat: 'masquerade' as const,
  });
  return {
    hosts: { here: [here], node2: ['192.168.50.11'], gw1: ['192.168.50.2'] },
    networks: {
      web: { engine: 'podman', subnets: { here: ['10.0.0.0/24'] }, via: 'office', direct, blocked: [] },
      wild: {
        engine: 'external',
        subnets: { here: ['10.0.1.0/25'] },
        via: 'office',
        direct: [],
        blocked: [],
      },
      far: { engine: 'external', subnets: { node2: ['10.0.2.0/24'] }, via: 'own', direct: [], blocked: [] },
    },
    gateways: { office: gateway('gw1'), own: gateway('here') },
  };
}

/** Another direct destination and another uplink: the plan has steps of every kind. */
const [before, after] = [specWith(['1.1.1.1/32'], 'gre1'), specWith(['8.8.8.0/24'], 'gre2')];

async function appliedHost(backend: 'cni' | 'netavark'): Promise<FakeHost> {
  const host = newHost({ backend, forwarding: false, networks: [] });
  await applyTo(targetOf(host, before));
  return host;
}

/** Each kind of output: command or file, and its original texts. */
const answers: readonly (readonly [what: string, originals: readonly string[]])[] = [
  ['ip -j -N -d address show', [recorded('host/ip/fixtures/ip-address.json')]],
  ['ip -j -N -4 rule show', [recorded('host/ip/fixtures/ip-rule.json')]],
  ['ip -j -N -4 route show table all', [recorded('host/ip/fixtures/ip-route.json')]],
  [
    'ip -j -N -4 xfrm policy list',
    ['src 10.0.0.0/24 dst 0.0.0.0/0 \n\tdir fwd action block priority 137 ptype main '],
  ],
  ['nft -j list table inet mustredirect', [recorded('host/nft/fixtures/table-node-and-member.json')]],
  ['nft -j list chains', [recorded('host/nft/fixtures/chains.json')]],
  ['podman info --format json', [recorded('engines/podman/fixtures/info-4.3.1-netavark.json')]],
  ['podman ps --all --format json', [recorded('engines/podman/fixtures/ps-4.3.1.json')]],
  ['/etc/cni/net.d/web.conflist', [recorded('engines/podman/cni/fixtures/mustredirect-4.3.1.conflist')]],
  [
    '/etc/containers/networks/web.json',
    [recorded('engines/podman/netavark/fixtures/mustredirect-4.3.1.json')],
  ],
];

/** These commands run in one batch. */
const ipLists = answers.map(([what]) => what).filter((what) => what.startsWith('ip -j -N -4 '));

/** Output of a batch in which one list is replaced. */
async function batchAnswer(exec: Exec, what: string, text: string): Promise<string> {
  const stdouts = ipLists.map(async (list) => (list === what ? text : stdoutOf(exec, list)));
  return (await Promise.all(stdouts)).map((stdout) => stdout.replace(/\n$/, '')).join('\n');
}

/** Host that gives a replaced output once. */
function answering(host: Host, what: string, text: string): Host {
  let asked = false;
  const command = ipLists.includes(what) ? 'ip -j -N -4 -batch -' : what;
  const isIt = (question: string): boolean => {
    if (asked || question !== command) return false;
    asked = true;
    return true;
  };
  return {
    exec: {
      async run(argv, options) {
        if (!isIt(argv.join(' '))) return host.exec.run(argv, options);
        const stdout = command === what ? text : await batchAnswer(host.exec, what, text);
        return { exitCode: 0, stdout, stderr: '' };
      },
    },
    files: { ...host.files, read: async (path) => (isIt(path) ? text : host.files.read(path)) },
  };
}

/** Problems in the run with a changed output; empty when all is well. */
async function complaintsAbout(host: FakeHost, what: string, text: string): Promise<string[]> {
  const target: Target = { ...targetOf(host, after), host: answering(host, what, text) };
  const keeper = await openLedger(host.files, ledgerPath);
  const begun = host.events.length;
  const prepared = await prepare(target, keeper.ledger).catch((error: unknown) => error);
  const changes = host.events.slice(begun).filter((event) => event.changes);
  if (changes.length > 0) return [`changed while reading: ${JSON.stringify(changes)}`];
  if (!isPrepared(prepared)) return complaintsAboutError(prepared);
  const escapes = escapesOf(prepared);
  if (escapes.length > 0 || prepared.desired.refusals.length > 0) return escapes;
  try {
    await applyPlan(target, prepared, { ...target, keeper, pause: noPause }, testRun);
    return [];
  } catch (error) {
    return complaintsAboutError(error);
  }
}

function isPrepared(value: unknown): value is Prepared {
  return typeof value === 'object' && value !== null && 'plan' in value;
}

function complaintsAboutError(error: unknown): string[] {
  const terminal = recordedTerminal();
  printError(error, terminal, ['--json']);
  const said = [...terminal.told, ...terminal.printed];
  return [
    ...(error instanceof MustredirectError ? [] : [`not an error of ours: ${String(error)}`]),
    ...said.filter((line) => /^\s+at /m.test(line)),
    // The fake host parses our texts word by word. It may refuse a rule that nft cannot have printed.
    ...said
      .map((text) => text.replace(/; not everything could be undone.*/s, ''))
      .filter((text) => /does not know: (?!nft |ip saddr |meta mark |ct |jump )/.test(text)),
  ];
}

const ipLine = new RegExp(
  [
    String.raw`(?:rule (?:add|delete) preference|route (?:add|replace|delete)) [\w.:/ @+=\u0080-\uffff-]+`,
    String.raw`xfrm policy (?:add|delete) src [\d./]+ dst 0\.0\.0\.0/0 dir fwd(?: priority \d+ action \w+)?(?: mark 0x[\da-f]+ mask 0x[\da-f]+)?`,
  ]
    .map((line) => `^(?:${line})$`)
    .join('|'),
);
const nftLine = new RegExp(
  [
    'delete table inet mustredirect|add table inet mustredirect',
    String.raw`(?:add|flush|delete) (?:chain|set|map) inet mustredirect [\w./-]+(?: \{ (?:type [\w .]+|typeof @th,\d+,\d+)(?: : verdict)?(?: hook \w+ priority -?\d+; policy \w+;|;(?: flags interval;)?(?: size 65535; flags dynamic;)?(?: counter;)?) \})?`,
    String.raw`(?:add|delete) element inet mustredirect [\w./-]+ \{ [\w./:-]+(?:(?: \. |, )?(?:[\w./:-]+|"[^\s"*\\;{}]{1,15}"))*\ \}`,
    String.raw`add element inet mustredirect [\w./-]+ \{ [\w./:-]+(?: \. "[^\s"*\\;{}]{1,15}")? : goto [\w./-]+(?:, [\w./:-]+(?: \. "[^\s"*\\;{}]{1,15}")? : goto [\w./-]+)* \}`,
    String.raw`(?:add|delete) element inet mustredirect [\w./-]+ \{ "[^\s"*\\;{}]{1,15}"(?:(?: \. |, )"[^\s"*\\;{}]{1,15}")* \}`,
    String.raw`add rule inet mustredirect [\w./-]+ (?:[\w@.,:/+!=&|() -]|"[^\s"*\\;{}]{1,15}"|add @[\w./-]+ \{ [\w@.:/+!=&|() -]+ \})+`,
  ]
    .map((line) => `^(?:${line})$`)
    .join('|'),
);
/** Lines of a plan that do not have the form of ours. */
function escapesOf({ plan }: Prepared): string[] {
  return plan.steps.flatMap(({ do: forth, undo }) =>
    [...linesOf(forth), ...linesOf(undo)].filter((line) => !isOurs(line)),
  );
}

function isOurs(line: string): boolean {
  return ipLine.test(line) || nftLine.test(line);
}

function linesOf(action: Action | undefined): readonly string[] {
  if (action?.kind === 'ip') return action.lines;
  return action?.kind === 'nft' ? action.text.split('\n').filter((line) => line !== '') : [];
}

describe(`an answer (${numRuns} changed ones each, ${seedText})`, { timeout }, () => {
  it('is decoded when unchanged, and leads to lines of our form', async () => {
    for (const [what, [original = '']] of answers) {
      const backend = what.includes('containers/networks') ? 'netavark' : 'cni';
      expect([what, await complaintsAbout(await appliedHost(backend), what, original)]).toEqual([what, []]);
    }
  });

  it.each(answers)('of %s causes nothing but errors or safe lines', async (what, originals) => {
    const backend = what.includes('containers/networks') ? 'netavark' : 'cni';
    const applied = await appliedHost(backend);
    const live = applied.state.files.get(what) ?? (await stdoutOf(applied.exec, what));
    const texts = [...originals, live];
    await fc.assert(
      fc.asyncProperty(mutated(what, texts), async (text) => {
        const host = newHost({ backend, forwarding: false, networks: [] });
        Object.assign(host.state, applied.state);
        expect(await complaintsAbout(host, what, text)).toEqual([]);
      }),
      { numRuns, seed },
    );
  });

  it('of containers.conf causes nothing but errors or safe lines', async () => {
    const path = '/etc/containers/containers.conf';
    const original =
      '[network]\nnetwork_config_dir = "/etc/cni/net.d"\ndefault_subnet = "10.88.0.0/16"\ndefault_network = "podman"\n';
    const applied = await appliedHost('cni');
    await fc.assert(
      fc.asyncProperty(mutatedTexts([original]), async (text) => {
        const host = newHost();
        Object.assign(host.state, applied.state);
        expect(await complaintsAbout(host, path, text)).toEqual([]);
      }),
      { numRuns, seed },
    );
  });

  it('about neighbours is an error or a list', async () => {
    const original = JSON.stringify([
      { dst: '192.168.50.2', dev: 'eth0', lladdr: '02:00:00:00:00:01', state: ['REACHABLE'] },
      { dst: '192.168.50.3', dev: 'eth0', state: ['FAILED'] },
    ]);
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutatedTexts([original]), mutatedValues([original])), async (text) => {
        const exec: Exec = { run: async () => ({ exitCode: 0, stdout: text, stderr: '' }) };
        const error = await readNeighbours(exec).then(
          () => undefined,
          (cause: unknown) => cause,
        );
        expect(error === undefined ? [] : complaintsAboutError(error)).toEqual([]);
      }),
      { numRuns, seed },
    );
  });
});

/** Policies have no JSON. */
function mutated(what: string, texts: readonly string[]): fc.Arbitrary<string> {
  return what.endsWith('xfrm policy list')
    ? mutatedTexts(texts)
    : fc.oneof(mutatedTexts(texts), mutatedValues(texts));
}

async function stdoutOf(exec: Exec, command: string): Promise<string> {
  return (await exec.run(command.split(' '))).stdout;
}
