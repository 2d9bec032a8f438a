import { describe, expect, it } from 'vitest';
import type { EngineName } from '../spec/spec.ts';
import { type Privileges, consequence, privilegesOf, privilegesText, remedyFor } from './privileges.ts';

const own = { user: 1, pid: 2, bounding: 0x1fffeffffffn };
/** default capabilities of podman and docker */
const usual = 0x800405fbn;
const capability = (number: number): bigint => usual | (1n << BigInt(number));

function privileges(
  bounding: bigint,
  namespaces: { user?: number; pid?: number } = {},
): Privileges | undefined {
  return privilegesOf({ id: 41, name: 'sleep', user: 1, pid: 7, bounding, ...namespaces }, own);
}

describe('powers of a container', () => {
  it.each<[string, bigint, { user?: number; pid?: number }]>([
    ['the usual capabilities', usual, {}],
    ['SYS_PTRACE over its own processes', capability(19), {}],
    ['all capabilities in a user namespace of its own', own.bounding, { user: 9 }],
    ["a user namespace of its own, and the host's process ids", own.bounding, { user: 9, pid: 2 }],
  ])('are none with %s', (_, bounding, namespaces) => {
    expect(privileges(bounding, namespaces)).toBeUndefined();
  });

  it.each<[string, bigint, { pid?: number }]>([
    ['CAP_NET_ADMIN', capability(12), {}],
    ['CAP_SYS_ADMIN', capability(21), {}],
    ['CAP_SYS_MODULE', capability(16), {}],
    ['CAP_NET_ADMIN and CAP_SYS_ADMIN', capability(12) | capability(21), {}],
    ["CAP_SYS_PTRACE and this host's process ids", capability(19), { pid: 2 }],
    ["this host's process ids", usual, { pid: 2 }],
    ['all capabilities', own.bounding, {}],
    ["all capabilities and this host's process ids", own.bounding, { pid: 2 }],
  ])('are %s', (text, bounding, namespaces) => {
    const found = privileges(bounding, namespaces);
    expect(found && privilegesText(found)).toBe(text);
  });

  it('have the consequence of the strongest one', () => {
    const link =
      "it can make a link of its own in this host's network namespace, and leave by that past every rule";
    const root = 'it can act as root of this host, and leave past every rule';
    const others = 'it can take over processes that are not redirected, such as those of other containers';
    const consequenceOf = (bounding: bigint, pid = 7) => {
      const found = privileges(bounding, { pid });
      return found && consequence(found);
    };
    expect(consequenceOf(capability(12))).toBe(link);
    expect(consequenceOf(capability(12) | capability(21))).toBe(root);
    expect(consequenceOf(own.bounding)).toBe(root);
    expect(consequenceOf(usual, 2)).toBe(others);
  });

  it.each<[EngineName, Privileges, string]>([
    [
      'podman',
      { capabilities: ['NET_ADMIN'], hostPid: false },
      'start it without `--cap-add NET_ADMIN`, or in a user namespace of its own: `--userns=auto`',
    ],
    [
      'podman',
      { capabilities: 'all', hostPid: true },
      'start it without `--privileged` and `--pid host`, or in a user namespace of its own: `--userns=auto`',
    ],
    [
      'docker',
      { capabilities: [], hostPid: true },
      'start it without `--pid host`, or give all containers of docker a user namespace: `"userns-remap": "default"` in /etc/docker/daemon.json',
    ],
    [
      'cni',
      { capabilities: ['NET_ADMIN', 'SYS_ADMIN'], hostPid: false },
      'start it without CAP_NET_ADMIN and CAP_SYS_ADMIN, or in a user namespace of its own',
    ],
    [
      'external',
      { capabilities: 'all', hostPid: false },
      'start it without most of its capabilities, or in a user namespace of its own',
    ],
  ])('are removed with the options of its engine: %s', (engine, held, remedy) => {
    expect(remedyFor(held, engine)).toBe(remedy);
  });
});
