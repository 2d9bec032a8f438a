/** The kernel's forwarding sysctls, one for each family. Other programs on this host may need them too. */
import { type Family, families } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import { forwardingName, forwardingSysctls } from '../../state/settings.ts';
import { type Redirect, type Refusal, type DesiredObject, bridgesOf } from '../redirect.ts';

export interface Forwarding {
  readonly wanted: readonly DesiredObject[];
  readonly refusals: readonly Refusal[];
}

/**
 * Forwarding is on in families with steered packets, and has its original value in all others. If the file steers
 * packets of a family but no redirect is ready yet, the current value stays.
 */
export function forwardingOf(redirects: readonly Redirect[], facts: Facts): Forwarding {
  const steered = (family: Family): boolean =>
    redirects.some(
      (redirect) => redirect.family === family && redirect.steer && redirect.notReady === undefined,
    );
  const awaited = (family: Family): boolean =>
    redirects.some((redirect) => redirect.family === family && redirect.notReady !== undefined);
  return {
    wanted: families.flatMap((family) => {
      if (steered(family)) return [forwardingOn(family)];
      return awaited(family) ? [] : restoredForwarding(family, facts);
    }),
    refusals: steered(6) ? routerAdvertRefusals(bridgesOf(redirects), facts) : [],
  };
}

/** Plan lines for forwarding that stays on because containers still need it. */
export function keptForwarding({ ledger, sysctls }: Facts): string[] {
  return families
    .map((family) => forwardingName[family])
    .filter((name) => ledger.sysctls[name] === '0' && sysctls[name] === '1')
    .map((name) => `sysctl ${name} stays 1 until destroy can remove the network`);
}

function forwardingOn(family: Family): DesiredObject {
  return {
    object: { kind: 'sysctl', name: forwardingName[family], value: '1' },
    why: 'forward packets between containers and the outside',
  };
}

function restoredForwarding(family: Family, { ledger, sysctls, links }: Facts): DesiredObject[] {
  const name = forwardingName[family];
  const { [name]: value, ...kept } = forwardingSysctls(family, ledger.sysctls);
  if (value === undefined) return [];
  const { [name]: _, ...current } = forwardingSysctls(family, sysctls);
  const alongside = { ...current, ...ofExistingDevices(kept, links) };
  return [{ object: { kind: 'sysctl', name, value, alongside }, why: 'restore the original value' }];
}

/** The kernel has no setting for a device that is gone. */
function ofExistingDevices(
  settings: Readonly<Record<string, string>>,
  links: Facts['links'],
): Record<string, string> {
  const devices = new Set(['default', ...links.map(({ name }) => name)]);
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => {
      const device = /^net\/ipv[46]\/conf\/([^/]+)\//.exec(name)?.[1];
      return device === undefined || devices.has(device);
    }),
  );
}

/**
 * A kernel that starts to forward IPv6 ignores router advertisements unless accept_ra is 2: it loses the default route
 * at once, and the address when its lifetime ends. On our bridges, only containers advertise.
 */
function routerAdvertRefusals(bridges: readonly string[], facts: Facts): Refusal[] {
  const { routerAdvertisedDefaults, acceptRa, sysctls, links } = facts;
  if (sysctls[forwardingName[6]] !== '0') return [];
  const addressed = links.flatMap(({ name, advertised = [] }) => (advertised.length > 0 ? [name] : []));
  return [...new Set([...routerAdvertisedDefaults, ...addressed])]
    .filter((device) => acceptRa[device] === '1' && !bridges.includes(device))
    .map((device) => ({
      message: `${device} has its IPv6 ${routerAdvertisedDefaults.includes(device) ? 'default route' : 'address'} from router advertisements, and a host that forwards IPv6 takes none: this host would lose it`,
      hint: `\`sysctl -w net/ipv6/conf/${device}/accept_ra=2\` takes them all the same; keep it in /etc/sysctl.d, then try again`,
    }));
}
