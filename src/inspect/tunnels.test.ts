import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { recordedHost } from '../engines/recorded-host.ts';
import { missingProgram } from '../host/process/missing-program.ts';
import { readTunnelFacts } from './tunnels.ts';

const uplink = {
  device: 'gre1',
  tunnel: { type: 'gre', local: '192.0.2.1', remote: '2001:db8::1', ttl: 64 },
} as const;
const role = { gateways: [{ name: 'office', uplink, snat: 'none', served: [] }] } as const;

describe('modules that the tunnels of the file need', () => {
  it.each([
    ['are missing when modprobe finds none', true, 1, ['ip6_gre']],
    ['are there when modprobe finds them', true, 0, []],
    ['are not known without modprobe', true, undefined, []],
    ['are not known when it is killed', true, 137, []],
    ['are not known of a kernel without a folder of modules', false, 1, []],
  ])('%s', async (_, hasFolder, exitCode, missingModules) => {
    const files = new Map([
      ['/proc/sys/kernel/osrelease', '6.1.0\n'],
      ...(hasFolder ? [['/lib/modules/6.1.0/modules.dep', ''] as const] : []),
    ]);
    const host = createFakeHost({ links: [], files });
    const run: typeof host.exec.run = async (argv, options) => {
      if (argv[0] !== 'modprobe') return host.exec.run(argv, options);
      if (exitCode === undefined) throw missingProgram('modprobe');
      return { exitCode, stdout: '', stderr: '' };
    };
    expect((await readTunnelFacts({ ...host, exec: { run } }, role)).missingModules).toEqual(missingModules);
  });
});

describe('the route to the far end', () => {
  const { remote } = uplink.tunnel;
  const get = `ip -j route get ${remote}`;
  const inTable = `ip -j route get fibmatch ${remote}`;
  const route = { dst: remote, dev: 'eth1' };
  it.each([
    ['has no MTU', { [get]: [route] }, { device: 'eth1' }],
    ['has an MTU', { [get]: [{ ...route, metrics: [{ mtu: 1492 }] }] }, { device: 'eth1', mtu: 1492 }],
    [
      'has no MTU that the kernel forgets again',
      { [get]: [{ ...route, metrics: [{ mtu: 1400 }], expires: 598 }], [inTable]: [route] },
      { device: 'eth1' },
    ],
    [
      'keeps its own MTU',
      {
        [get]: [{ ...route, metrics: [{ mtu: 1400 }], expires: 598 }],
        [inTable]: [{ ...route, metrics: [{ mtu: 1492 }] }],
      },
      { device: 'eth1', mtu: 1492 },
    ],
  ])('%s', async (_, outputs, expected) => {
    const lines = Object.entries(outputs).map(([line, rows]) => [line, JSON.stringify(rows)]);
    const host = recordedHost({ outputs: Object.fromEntries(lines) as Record<string, string> });
    expect((await readTunnelFacts(host, role)).outerRoutes).toEqual({ [remote]: expected });
  });
});
