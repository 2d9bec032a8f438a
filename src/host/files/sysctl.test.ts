import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { forwardingSysctls } from '../../state/settings.ts';
import {
  readAcceptRa,
  readBridgeFilter6,
  readFamilies,
  readForwarding,
  sysctlPath,
  writeSysctl,
} from './sysctl.ts';

const conf = '/proc/sys/net/ipv4/conf';
const conf6 = '/proc/sys/net/ipv6/conf';

function hostWith(sysctls: Readonly<Record<string, string>>) {
  return createFakeHost({
    links: ['eth0', 'eth0.7'].map((name) => ({ name, up: true, addresses: [], pointToPoint: false })),
    sysctls,
  });
}

describe('readForwarding', () => {
  it('returns, when forwarding is off, the settings that the kernel changes along with it', async () => {
    const { files } = hostWith({
      [`${conf}/eth0.7/forwarding`]: '1',
      [`${conf}/all/accept_redirects`]: '0',
      [`${conf6}/eth0/forwarding`]: '1',
    });
    expect(await readForwarding(files, ['lo', 'eth0', 'eth0.7'])).toEqual({
      'net.ipv4.ip_forward': '0',
      'net.ipv4.conf.all.accept_redirects': '0',
      'net/ipv4/conf/eth0.7/forwarding': '1',
      'net.ipv6.conf.all.forwarding': '0',
      'net/ipv6/conf/eth0/forwarding': '1',
    });
  });

  it('returns no other settings when forwarding is on', async () => {
    const { files } = hostWith({});
    await files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    await files.overwrite(`${conf6}/all/forwarding`, '1\n');
    expect(await readForwarding(files, ['eth0'])).toEqual({
      'net.ipv4.ip_forward': '1',
      'net.ipv6.conf.all.forwarding': '1',
    });
  });

  it.each([
    [4, 'net.ipv4.ip_forward', conf],
    [6, 'net.ipv6.conf.all.forwarding', conf6],
  ] as const)('of IPv%d gives the values that restore the initial state', async (family, name, folder) => {
    const host = hostWith({ [`${folder}/eth0.7/forwarding`]: '1', [`${folder}/default/forwarding`]: '1' });
    const start = host.dump();
    const before = forwardingSysctls(family, await readForwarding(host.files, ['eth0', 'eth0.7']));
    await writeSysctl(host.files, name, '1');
    expect(host.dump()).not.toBe(start);
    for (const [each, value] of Object.entries(before)) await writeSysctl(host.files, each, value);
    expect(host.dump()).toBe(start);
  });

  it('returns nothing when the kernel has no such setting', async () => {
    const host = hostWith({});
    host.state.sysctls = new Map([...host.state.sysctls].filter(([path]) => !path.includes('/ipv6/')));
    expect(forwardingSysctls(6, await readForwarding(host.files, ['eth0']))).toEqual({});
    host.state.sysctls = new Map();
    expect(await readForwarding(host.files, ['eth0'])).toEqual({});
  });
});

describe('the kernel', () => {
  it('has both families, or was started without IPv6', async () => {
    const host = hostWith({});
    expect(await readFamilies(host.files)).toEqual([4, 6]);
    host.state.sysctls = new Map([...host.state.sysctls].filter(([path]) => !path.includes('/ipv6/')));
    expect(await readFamilies(host.files)).toEqual([4]);
  });

  it.each([
    ['1', true],
    ['0', false],
    [undefined, false],
  ])('passes bridged IPv6 to the firewall with %s: %s', async (value, shown) => {
    const path = '/proc/sys/net/bridge/bridge-nf-call-ip6tables';
    const { files } = hostWith(value === undefined ? {} : { [path]: value });
    expect(await readBridgeFilter6(files)).toBe(shown);
  });

  it('has accept_ra of each device', async () => {
    const { files } = hostWith({ [`${conf6}/eth0.7/accept_ra`]: '2' });
    expect(await readAcceptRa(files, ['eth0', 'eth0.7', 'gone'])).toEqual({ eth0: '1', 'eth0.7': '2' });
  });
});

describe('writeSysctl', () => {
  it('skips a setting that already has the value, and one whose device is gone', async () => {
    const host = hostWith({});
    await writeSysctl(host.files, 'net.ipv4.ip_forward', '0');
    await writeSysctl(host.files, 'net/ipv4/conf/gone/forwarding', '1');
    expect(host.events.filter(({ changes }) => changes)).toEqual([]);
  });

  it.each([
    ['net.ipv4.ip_forward', '/proc/sys/net/ipv4/ip_forward'],
    ['net.ipv6.conf.all.forwarding', '/proc/sys/net/ipv6/conf/all/forwarding'],
    ['net/ipv4/conf/eth0.7/forwarding', '/proc/sys/net/ipv4/conf/eth0.7/forwarding'],
  ])('maps %s to a file', (name, path) => {
    expect(sysctlPath(name)).toBe(path);
  });
});
