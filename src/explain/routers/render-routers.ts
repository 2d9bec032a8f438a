/** Renders routers that do not run mustredirect: a member, or the upstream router of one. */
import type { HostRole } from '../../topology/role.ts';
import { bird } from './bird.ts';
import { frr } from './frr.ts';
import { ios } from './ios.ts';
import { memberRouters } from './member-routers.ts';
import { type RouterSystem, renderRouter } from './router-system.ts';
import type { Router, daemonFormats } from './router.ts';
import { routeros } from './routeros.ts';
import { vyos } from './vyos.ts';

/** @throws when the file gives the host no gateway with a routing protocol */
export function renderMember(format: (typeof daemonFormats)[number], role: HostRole): string {
  return renderAll({ bird, frr }[format], memberRouters(role));
}

const without = (name: string): RouterSystem => ({
  name,
  comment: '#',
  configure: () => 'its routing protocol is spoken by a daemon: see `--far-end frr` and `--far-end bird`',
});

const systems = { bird, frr, routeros, vyos, ios, linux: without('Linux'), openwrt: without('OpenWrt') };

export function renderUpstream(system: keyof typeof systems, router: Router): string {
  return renderRouter(systems[system], router);
}

/** One text: a daemon has one configuration, whatever the number of gateways. */
function renderAll(system: RouterSystem, routers: readonly Router[]): string {
  return routers.map((router) => renderRouter(system, router)).join('\n\n');
}
