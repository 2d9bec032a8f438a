/** Renders the far end of each tunnel that a host makes. */
import { tunnelOf } from '../../desired/routing/tunnel-device.ts';
import { MustredirectError } from '../../error.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import { farEndOf } from './far-end.ts';
import { renderFarEnd } from './render-far-end.ts';
import type { FarEndSystem } from './system.ts';

export function renderFarEnds(system: FarEndSystem, { host, gateways }: HostRole, facts: Facts): string {
  const texts = gateways.flatMap((gateway) => {
    const { tunnel } = gateway.uplink;
    if (!tunnel) return [];
    const own = tunnelOf(gateway.uplink, tunnel, facts);
    const publicKey = own.type === 'wireguard' ? own.publicKey : undefined;
    return [renderFarEnd(system, host, farEndOf(gateway, tunnel, own.mtu, publicKey))];
  });
  if (texts.length > 0) return texts.join('\n\n');
  throw new MustredirectError('usage', `the file gives ${host} no tunnel whose far end could be printed`, {
    hint: 'a far end can be printed for an uplink with `gre:`, `ipip:` or `wireguard:`; --host names the gateway',
  });
}
