/**
 * Randomly changed output and files of engines: the result is one of our errors, or facts without text that is unsafe
 * in commands.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, parseSubnet } from '../src/address/cidr.ts';
import { createEngines } from '../src/engines/index.ts';
import { recordedHost } from '../src/engines/recorded-host.ts';
import { MustredirectError } from '../src/error.ts';
import type { NetworkFacts } from '../src/state/facts.ts';
import { mutatedTexts } from './bad-input/mutate-text.ts';
import { mutatedValues } from './bad-input/mutate-value.ts';
import { seed, seedText } from './bad-input/seed.ts';

const timeout = 300_000;
const numRuns = 1000;

function recorded(path: string): string {
  return readFileSync(new URL(`../src/engines/${path}`, import.meta.url), 'utf8').trimEnd();
}

const docker = {
  info: 'docker info --format {{json .}}',
  inspect: 'docker network inspect mustredirect',
  ps: 'docker ps --all --no-trunc --format {{json .}}',
};
const web = '6f71f7591dc0937162880060f992ab9267bb9665835335482451e4b6d4353fdc';
const nerdctlPs = 'nerdctl --namespace default ps --all --no-trunc --format {{json .}}';
const nerdctlFile = '/etc/cni/net.d/default/nerdctl-mustredirect.conflist';
const cniFile = '/etc/cni/net.d/10-mustredirect.conf';
const conflist = recorded('nerdctl/fixtures/documented-2.0-nerdctl-mustredirect.conflist');
const onePlugin =
  '{"name":"mustredirect","type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,' +
  '"ipam":{"type":"host-local","subnet":"10.89.4.0/24","dataDir":"/run/ipam"}}';

const outputs: Readonly<Record<string, string>> = {
  [docker.info]: recorded('docker/fixtures/documented-28.2-info.json'),
  [docker.inspect]: recorded('docker/fixtures/documented-28.2-network-inspect.json'),
  [docker.ps]: JSON.stringify({ ID: web, Names: 'web', Networks: 'mustredirect', State: 'running' }),
  [`docker inspect --format {{.Id}} {{.State.Pid}} ${web}`]: `${web} 433`,
  [`docker inspect --format {{.Id}} {{json .NetworkSettings.Networks}} ${web}`]: `${web} {"mustredirect":{"Aliases":["www"]}}`,
  'nerdctl --version': 'nerdctl version 2.0.3',
  'nerdctl namespace ls --quiet': 'default',
  [nerdctlPs]: recorded('nerdctl/fixtures/documented-ps.jsonl'),
};
const files: Readonly<Record<string, string>> = {
  '/etc/cni/net.d/default': '',
  [nerdctlFile]: conflist,
  [cniFile]: onePlugin,
  '/sys/class/net/cni0/brif/veth1': '',
  '/run/ipam/mustredirect/10.89.4.2': '0123456789abcdef\r\neth0',
};

/** Engine, command or file, and other variants of its text. */
const cases = [
  ['docker', docker.info, [recorded('docker/fixtures/info-20.10.24.json')]],
  ['docker', docker.inspect, [recorded('docker/fixtures/network-inspect-20.10.24.json')]],
  ['docker', docker.ps, [recorded('docker/fixtures/ps-20.10.24.jsonl').split('\n')[0] ?? '']],
  ['nerdctl', nerdctlPs, []],
  ['nerdctl', nerdctlFile, []],
  ['cni', cniFile, []],
] as const;

type Engine = (typeof cases)[number][0];

/** Problems in the result of reading a changed text; empty when all is well. */
async function complaintsAbout(engine: Engine, what: string, text: string): Promise<string[]> {
  const host = recordedHost({
    outputs: what in outputs ? { ...outputs, [what]: text } : outputs,
    files: what in files ? { ...files, [what]: text } : files,
  });
  // A command about an id that was not recorded does not count as an error.
  const run = host.exec.run.bind(host.exec);
  const exec: typeof host.exec = {
    run: (argv) =>
      argv[1] === 'inspect'
        ? Promise.resolve({ exitCode: 1, stdout: '', stderr: 'No such object' })
        : run(argv),
  };
  const asked = [{ name: 'mustredirect', subnets: ['10.89.4.0/24'] }];
  try {
    const found = await createEngines({})[engine].readNetworks({ ...host, exec }, asked);
    return found.flatMap(complaintsAboutFacts);
  } catch (error) {
    return error instanceof MustredirectError ? [] : [`not an error of ours: ${String(error)}`];
  }
}

function complaintsAboutFacts({ bridge, subnets, attached, mtu }: NetworkFacts): string[] {
  const addresses = attached.flatMap((container) => container.addresses ?? []);
  return [
    ...(bridge === undefined || /^[^\s"*\\;{}#'`$/:]{1,15}$/.test(bridge) ? [] : [`bridge ${bridge}`]),
    ...subnets.filter((subnet) => parseSubnet(subnet) !== subnet),
    ...addresses.filter((address) => parseAddress(address) === undefined),
    ...(mtu === undefined || (Number.isInteger(mtu) && mtu > 0) ? [] : [`mtu ${mtu}`]),
  ];
}

describe(`an answer of an engine (${numRuns} changed ones each, ${seedText})`, { timeout }, () => {
  it.each(cases)('of %s: %s is decoded when unchanged', async (engine, what) => {
    const text = outputs[what] ?? files[what] ?? '';
    const host = recordedHost({ outputs, files });
    const asked = [{ name: 'mustredirect', subnets: ['10.89.4.0/24'] }];
    const found = await createEngines({})[engine].readNetworks(host, asked);
    expect(found).toMatchObject([{ exists: true }]);
    expect(await complaintsAbout(engine, what, text)).toEqual([]);
  });

  it.each(cases)('of %s: %s causes nothing but errors or safe facts', async (engine, what, others) => {
    const texts = [outputs[what] ?? files[what] ?? '', ...others];
    const json = texts.flatMap((text) => text.split('\n{').map((part, i) => (i > 0 ? `{${part}` : part)));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutatedTexts(texts), mutatedValues(json)), async (text) => {
        expect(await complaintsAbout(engine, what, text)).toEqual([]);
      }),
      { numRuns, seed },
    );
  });
});
