/** Renders the far end of each uplink of a host: of the tunnel that it makes, and of the routing protocol that it speaks. */
import { tunnelOf } from '../../desired/routing/tunnel-device.ts';
import { MustredirectError } from '../../error.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole, MemberGateway } from '../../topology/role.ts';
import { renderUpstream } from '../routers/render-routers.ts';
import { upstreamRouters } from '../routers/upstream-routers.ts';
import { farEndOf } from './far-end.ts';
import { renderFarEnd } from './render-far-end.ts';
import type { FarEndSystem } from './system.ts';

export function renderFarEnds(system: FarEndSystem, role: HostRole, facts: Facts): string {
  const texts = [
    ...role.gateways.flatMap((gateway) => tunnelEnd(system, role.host, gateway, facts)),
    ...upstreamRouters(role, facts).map((router) => renderUpstream(system, router)),
  ];
  if (texts.length > 0) return texts.join('\n\n');
  const isDaemon = system === 'bird' || system === 'frr';
  const what = isDaemon ? 'routing protocol' : 'tunnel or routing protocol';
  throw new MustredirectError(
    'usage',
    `the file gives ${role.host} no ${what} whose far end could be printed`,
    {
      hint: 'a far end can be printed for an uplink with `gre:`, `ipip:`, `wireguard:` or `routing:`; --host names the gateway',
    },
  );
}

/** A routing daemon makes no tunnels. */
function tunnelEnd(system: FarEndSystem, host: string, gateway: MemberGateway, facts: Facts): string[] {
  const { tunnel } = gateway.uplink;
  if (!tunnel || system === 'bird' || system === 'frr') return [];
  const own = tunnelOf(gateway.uplink, tunnel, facts);
  const publicKey = own.type === 'wireguard' ? own.publicKey : undefined;
  return [renderFarEnd(system, host, farEndOf(gateway, tunnel, own.mtu, publicKey))];
}
