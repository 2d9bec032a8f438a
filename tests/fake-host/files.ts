/** Files in memory, and /proc/sys/net with the settings that the kernel changes along with forwarding. */
import { dirname, basename } from 'node:path';
import type { Files } from '../../src/host/ports.ts';
import { type FakeState, unknownToFake } from './state.ts';

const root = '/proc/sys/net';
const ipForward = `${root}/ipv4/ip_forward`;

/** Default sysctls of a host. */
export function defaultSysctls(devices: readonly string[]): Map<string, string> {
  const places = ['all', 'default', ...devices];
  const everywhere = (family: 4 | 6, name: string, value: string): [string, string][] =>
    places.map((device) => [`${root}/ipv${family}/conf/${device}/${name}`, value]);
  return new Map([
    [ipForward, '0'],
    ...everywhere(4, 'forwarding', '0'),
    ...everywhere(4, 'accept_redirects', '1'),
    ...everywhere(4, 'src_valid_mark', '0'),
    [`${root}/ipv4/conf/all/send_redirects`, '1'],
    ...everywhere(6, 'forwarding', '0'),
    ...everywhere(6, 'accept_ra', '1'),
  ]);
}

/** @param changed called after each written sysctl */
export function createFakeFiles(state: FakeState, changed: (what: string) => void): Files {
  return {
    async read(path) {
      const value = state.sysctls.get(path);
      return value === undefined ? state.files.get(path) : `${value}\n`;
    },
    async stat(path) {
      if (state.files.has(path) || state.sysctls.has(path)) return { uid: 0, mode: 0o600, isFile: true };
      const isFolder = [...state.files.keys()].some((file) => dirname(file) === path);
      return isFolder ? { uid: 0, mode: 0o700, isFile: false } : undefined;
    },
    async list(path) {
      return [...state.files.keys()].filter((file) => dirname(file) === path).map((file) => basename(file));
    },
    async replace(path, content) {
      if (path.startsWith('/proc/')) unknownToFake(`renaming to ${path}`);
      state.files = new Map([...state.files, [path, content]]);
    },
    async append(path, content) {
      state.files = new Map([...state.files, [path, (state.files.get(path) ?? '') + content]]);
    },
    async overwrite(path, content) {
      if (!state.sysctls.has(path)) unknownToFake(`overwriting ${path}`);
      writeSysctl(state, path, content.trim());
      changed(`${path} = ${content.trim()}`);
    },
    async remove(path) {
      state.files = new Map([...state.files].filter(([file]) => file !== path));
    },
  };
}

/**
 * inet_forward_change of net/ipv4/devinet.c: all devices, new devices, and `all.accept_redirects`;
 * addrconf_fixup_forwarding of net/ipv6/addrconf.c: all devices and new devices
 */
function writeSysctl(state: FakeState, path: string, value: string): void {
  const changed = new Map(state.sysctls).set(path, value);
  const [family = ''] = /(?<=^\/proc\/sys\/net\/)ipv[46]/.exec(path) ?? [];
  const all = path === ipForward || path === `${root}/${family}/conf/all/forwarding`;
  if (all && state.sysctls.get(path) !== value) {
    for (const name of changed.keys()) {
      if (name.startsWith(`${root}/${family}/conf/`) && name.endsWith('/forwarding'))
        changed.set(name, value);
    }
    if (family === 'ipv4') {
      changed.set(ipForward, value).set(`${root}/ipv4/conf/all/accept_redirects`, value === '0' ? '1' : '0');
    }
  }
  state.sysctls = changed;
}
