/** Files in memory, and /proc/sys/net/ipv4 with what the kernel changes along with forwarding. */
import { dirname, basename } from 'node:path';
import type { Files } from '../../src/host/ports.ts';
import { type FakeState, unknownToFake } from './state.ts';

const conf = '/proc/sys/net/ipv4/conf';
const ipForward = '/proc/sys/net/ipv4/ip_forward';

/** The settings of a host on which nobody changed anything. */
export function defaultSysctls(devices: readonly string[]): Map<string, string> {
  const places = ['all', 'default', ...devices];
  return new Map([
    [ipForward, '0'],
    ...places.map((device) => [`${conf}/${device}/forwarding`, '0'] as const),
    ...places.map((device) => [`${conf}/${device}/accept_redirects`, '1'] as const),
  ]);
}

/** @param changed told of each setting that was written */
export function createFakeFiles(state: FakeState, changed: (what: string) => void): Files {
  return {
    async read(path) {
      const value = state.sysctls.get(path);
      return value === undefined ? state.files.get(path) : `${value}\n`;
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

/** inet_forward_change of net/ipv4/devinet.c: all devices, those to come, and `all.accept_redirects` */
function writeSysctl(state: FakeState, path: string, value: string): void {
  const changed = new Map(state.sysctls).set(path, value);
  const all = path === ipForward || path === `${conf}/all/forwarding`;
  if (all && state.sysctls.get(path) !== value) {
    for (const name of changed.keys()) if (name.endsWith('/forwarding')) changed.set(name, value);
    changed.set(ipForward, value).set(`${conf}/all/accept_redirects`, value === '0' ? '1' : '0');
  }
  state.sysctls = changed;
}
