import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createFakeHost, type FakeHost } from '../../tests/fake-host/fake-host.ts';
import { type NetworkText, networkFile } from '../../tests/fake-host/podman.ts';
import { applyTo, ledgerPath, specOf } from '../../tests/scenario/play.ts';
import { type Target, prepare } from '../inspect/prepare.ts';
import { createEngines } from '../engines/index.ts';
import { readLedger } from '../host/files/ledger-store.ts';
import { hostRole } from '../topology/topology.ts';
import { planFromScratch } from './plan-from-scratch.ts';
import { renderShell } from './render-shell.ts';

const file = `
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2, node2: 192.168.50.11 }
networks:
  web: { engine: podman, subnets: { here: 10.89.4.0/24 }, via: office }
  virt: { engine: external, subnets: { here: 10.89.5.0/24 }, via: office }
  far: { engine: external, subnets: { node2: 10.90.0.0/16 }, via: own }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }] }
  own: { members: [{ host: here, uplink: { device: gre1 } }] }
`;
const web = { name: 'web', subnets: ['10.89.4.0/24'], bridge: 'cni-podman1' };

function newHost(backend: 'cni' | 'netavark', networks: readonly NetworkText[] = []): FakeHost {
  return createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false },
      { name: 'gre1', up: true, addresses: ['172.31.0.1/30'], pointToPoint: true },
    ],
    files: new Map(networks.map((network) => networkFile(backend, network))),
    podman: { backend, containers: [] },
  });
}

function targetOf(host: FakeHost): Target {
  const spec = specOf(file);
  return { host, engines: createEngines({}), role: hostRole(spec, 'here'), gateways: spec.gateways };
}

async function scriptOf(host: FakeHost): Promise<string> {
  const target = targetOf(host);
  const { facts } = await prepare(target, await readLedger(host.files, ledgerPath));
  return renderShell(planFromScratch(target.role, target.gateways, facts), 'here', target.engines);
}

describe('renderShell', () => {
  it.each(['cni', 'netavark'] as const)(
    'prints the same script before and after apply once the bridge exists: %s',
    async (backend) => {
      const host = newHost(backend, [{ ...web, masquerade: true }]);
      const before = await scriptOf(host);
      await applyTo(targetOf(host));
      host.state.podman = { backend, containers: [{ name: 'c1', running: true, networks: ['web'] }] };
      expect(withoutBridge(await scriptOf(host))).toBe(withoutBridge(before));
    },
  );

  it.each([true, false])(
    'prints the same script for a network that existed before: masquerade %s',
    async (masquerade) => {
      const first = newHost('cni');
      await applyTo(targetOf(first));
      const expected = withoutBridge(await scriptOf(first));
      const host = newHost('cni', [{ ...web, masquerade }]);
      expect(withoutBridge(await scriptOf(host))).toBe(expected);
      await applyTo(targetOf(host));
      expect(withoutBridge(await scriptOf(host))).toBe(expected);
    },
  );

  it('creates missing networks, disables masquerade while no container is attached, and enables forwarding', async () => {
    const script = await scriptOf(newHost('cni'));
    expect(script).toContain(`
# + podman network web: 10.89.4.0/24: create it by podman 4.3.1 with cni, as the file says
podman network inspect web >/dev/null 2>&1 || podman network create --label mustredirect=created --subnet 10.89.4.0/24 web
`);
    expect(script).toContain(`
# ~ /etc/cni/net.d/web.conflist: ipMasq: false (was true): the gateway sees the container’s own address
# only while nothing is attached: a container keeps the masquerade that it was started with
attached=$(podman ps --all --quiet --filter network=web)
if [ -z "$attached" ]; then
`);
    expect(script).toContain('\necho 1 >/proc/sys/net/ipv4/ip_forward\n');
    expect(script).toContain('\nip -4 rule add preference 4100 ');
    expect(script).toContain('\nconntrack -D -f ipv4 -s 10.89.4.0/23 >/dev/null 2>&1 || true\n');
    expect(script).not.toMatch(/^[a-z].*virt/m);
  });

  it('edits no file when the engine has no masquerade setting', async () => {
    expect(await scriptOf(newHost('netavark'))).not.toContain('ipMasq');
  });

  it('uses the numbers allocated at the first apply', async () => {
    const host = newHost('cni');
    await applyTo(targetOf(host));
    const { files } = host.state;
    const ledger = (files.get(ledgerPath) ?? '').replaceAll('"table": 2184', '"table": 2999');
    host.state.files = new Map([...files, [ledgerPath, ledger]]);
    expect(await scriptOf(host)).toContain(' table 2999');
  });

  it.each(['cni', 'netavark'] as const)('prints a script that a shell accepts: %s', async (backend) => {
    const check = (input: string): string =>
      execFileSync('sh', ['-n'], { input, encoding: 'utf8', stdio: 'pipe' });
    const script = await scriptOf(newHost(backend));
    expect(check(script)).toBe('');
    expect(() => check(`${script}if`)).toThrow('Syntax error');
  });
});

/** Removes the bridge name, which is known once the network exists. */
function withoutBridge(script: string): string {
  return script
    .split('\n')
    .filter((line) => !/bridges|foreign|unmentioned|^# . nft table/.test(line))
    .join('\n');
}
