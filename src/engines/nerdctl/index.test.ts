import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recordedHost } from '../recorded-host.ts';
import { createNerdctl } from './index.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8').trimEnd();
}

const nerdctl = createNerdctl({});
const conflist = fixture('documented-2.0-nerdctl-mustredirect.conflist');
const ps = (namespace: string) => `nerdctl --namespace ${namespace} ps --all --no-trunc --format {{json .}}`;
const outputs = {
  'nerdctl --version': 'nerdctl version 2.0.3',
  'nerdctl namespace ls --quiet': 'default\nother',
  [ps('default')]: fixture('documented-ps.jsonl'),
  [ps('other')]: '',
};
const network = (name: string) => ({ name, subnets: ['10.89.4.0/24'] });
const inNamespace = '/etc/cni/net.d/default/nerdctl-mustredirect.conflist';

function read(files: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) {
  const folders = { '/etc/cni/net.d/default': '', '/etc/cni/net.d/cni.lock': '' };
  const host = recordedHost({ files: { ...folders, ...files }, outputs: { ...outputs, ...more } });
  return nerdctl.readNetworks(host, [network('mustredirect')]);
}

describe('nerdctl', () => {
  it.each([inNamespace, '/etc/cni/net.d/nerdctl-mustredirect.conflist', '/etc/cni/net.d/50-mine.conflist'])(
    'finds a network in %s, with its containers of all namespaces',
    async (path) => {
      expect(await read({ [path]: conflist })).toEqual([
        {
          engine: 'nerdctl',
          name: 'mustredirect',
          backend: 'nerdctl 2.0.3',
          exists: true,
          subnets: ['10.89.4.0/24'],
          bridge: 'br-3a24b1e3b8ee',
          masquerade: { file: path, setting: 'ipMasq', enabled: true },
          commands: { remove: 'nerdctl network rm mustredirect' },
          attached: [
            { name: 'web', running: true },
            { name: '1f0c2bbf59eb', running: false },
          ],
        },
      ]);
    },
  );

  it('recognises a network that it created, which has no masquerade', async () => {
    const own = conflist
      .replace('"nerdctlLabels": {}', '"nerdctlLabels": { "mustredirect": "created" }')
      .replace('"ipMasq": true', '"ipMasq": false');
    expect(await read({ [inNamespace]: own })).toMatchObject([
      { ours: true, masqueraded: true, masquerade: { enabled: false } },
    ]);
  });

  it('reports a missing network', async () => {
    const [found] = await read({});
    expect(found).toMatchObject({ exists: false, masqueraded: true, subnets: [] });
    expect(found).not.toHaveProperty('masquerade');
  });

  it('reports why the file of the network is broken', async () => {
    await expect(read({ [inNamespace]: '{ "name": ' })).rejects.toThrow(`${inNamespace}: not JSON: `);
  });

  it.each([
    ['nerdctl version 1.6.2', 'missing-tool', 'nerdctl 1.6.2: too old'],
    ['something else', 'failed', /^nerdctl --version: unexpected content/],
  ])('refuses %s', async (printed, code, message) => {
    const reading = read({}, { 'nerdctl --version': printed });
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });

  it('names the missing program, and runs nothing when no networks are requested', async () => {
    await expect(nerdctl.readNetworks(recordedHost({}), [network('a')])).rejects.toMatchObject({
      code: 'missing-tool',
    });
    expect(await nerdctl.readNetworks(recordedHost({}), [])).toEqual([]);
  });

  it('creates a network without masquerade, edits, shows and removes it', () => {
    expect(nerdctl.createCommand({ name: 'a', subnets: ['10.89.4.0/24', 'fd00:4::/64'] })?.join(' ')).toBe(
      'nerdctl network create --label mustredirect=created --ipv6 --subnet 10.89.4.0/24 --subnet fd00:4::/64 ' +
        '--opt ip-masq=false a',
    );
    expect(nerdctl.createCommand(network('a'))).not.toContain('--ipv6');
    expect(nerdctl.createCommand({ ...network('a'), mtu: 1476 })?.slice(-3)).toEqual([
      '--opt',
      'mtu=1476',
      'a',
    ]);
    expect(nerdctl.editMasquerade(conflist, 'mustredirect', false)).toBe(
      conflist.replace('"ipMasq": true', '"ipMasq": false'),
    );
    expect(nerdctl.inspectCommand('a')?.join(' ')).toBe('nerdctl network inspect a');
    expect(nerdctl.attachedCommand('a')?.join(' ')).toBe('nerdctl ps --all --quiet --filter network=a');
    expect(nerdctl.removeCommand('a')?.join(' ')).toBe('nerdctl network rm a');
  });
});
