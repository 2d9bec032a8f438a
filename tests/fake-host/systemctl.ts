/** `systemctl`, as far as it enables, starts and stops units: links are files with their target as content. */
import type { Output } from '../../src/host/ports.ts';
import { type FakeState, unknownToFake } from './state.ts';

const folder = '/etc/systemd/system';

export function runSystemctl(state: FakeState, [verb = '', ...args]: readonly string[]): Output {
  const names = args.filter((arg) => !arg.startsWith('--'));
  switch (verb) {
    case 'is-enabled':
      return { ...done, exitCode: names.every((name) => linksTo(state, name).length > 0) ? 0 : 1 };
    case 'reenable':
      return changeLinks(state, names, (name, text) => wanting(text).map((unit) => link(unit, name)));
    case 'disable':
      return changeLinks(state, names, () => []);
    case 'is-active':
      return { ...done, exitCode: names.every((name) => state.files.has(running(name))) ? 0 : 3 };
    case 'restart':
      return changeFiles(state, (files) => names.forEach((name) => files.set(running(name), '')));
    case 'stop':
      return changeFiles(state, (files) => names.forEach((name) => files.delete(running(name))));
    case 'show':
      return { ...done, stdout: `${loadState(state, names[0] ?? '')}\n` };
    case 'daemon-reload':
      return done;
    default:
      return unknownToFake(['systemctl', verb, ...args].join(' '));
  }
}

const done: Output = { exitCode: 0, stdout: '', stderr: '' };

/** A link that systemd has for each unit that runs. */
function running(name: string): string {
  return `/run/systemd/units/invocation:${name}`;
}

function changeFiles(state: FakeState, change: (files: Map<string, string>) => void): Output {
  const files = new Map(state.files);
  change(files);
  state.files = files;
  return done;
}

function loadState({ files }: FakeState, name: string): string {
  const text = files.get(`${folder}/${name}`);
  if (text === undefined) return 'not-found';
  // string_is_safe() of src/basic/string-util.c, 252
  return /^ExecStart="?:?[^ ]*\\"/m.test(text) ? 'bad-setting' : 'loaded';
}

/** Checks all units before it changes any, like the real one. */
function changeLinks(
  state: FakeState,
  names: readonly string[],
  links: (name: string, text: string) => readonly string[],
): Output {
  const missing = names.find((name) => !state.files.has(`${folder}/${name}`));
  if (missing !== undefined) {
    return {
      ...done,
      exitCode: 1,
      stderr: `Failed to look up unit file state: Unit file ${missing} does not exist.`,
    };
  }
  return changeFiles(state, (files) => {
    for (const name of names) {
      const path = `${folder}/${name}`;
      for (const old of linksTo(state, name)) files.delete(old);
      for (const added of links(name, files.get(path) ?? '')) files.set(added, `-> ${path}`);
    }
  });
}

function linksTo({ files }: FakeState, name: string): readonly string[] {
  return [...files].filter(([, text]) => text === `-> ${folder}/${name}`).map(([path]) => path);
}

function link(unit: string, name: string): string {
  return `${folder}/${unit}.wants/${name}`;
}

function wanting(text: string): readonly string[] {
  return /^WantedBy=(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
}
