/** Objects that a host has only while it is open. */
import type { HostRole } from '../topology/role.ts';
import { desiredDaemon } from './bird/daemon.ts';
import type { DesiredObject } from './redirect.ts';
import type { RoleContext } from './roles/role.ts';
import { flowAccounting } from './routing/flow-accounting.ts';
import { probePaths } from './routing/probe-paths.ts';
import { desiredTunnels, sendRedirects } from './routing/tunnels.ts';

/** Objects without which nothing leaves, and which nobody needs while everything is closed. */
export function openingObjects(
  role: HostRole,
  { facts, numbers, learned, closing }: RoleContext,
): DesiredObject[] {
  if (closing) return [];
  return [
    ...desiredTunnels(role, facts),
    ...sendRedirects(role, facts),
    ...flowAccounting(role, facts),
    ...desiredDaemon(role, numbers, learned, facts),
    ...probePaths(role, numbers, facts),
  ];
}
