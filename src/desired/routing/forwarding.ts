/** The kernel's forwarding setting, one for each family, which other programs on this host may need too. */
import { type Family, families } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import { forwardingName, settingsOf } from '../../state/settings.ts';
import type { Redirect, Refusal, DesiredObject } from '../redirect.ts';

export interface Forwarding {
  readonly wanted: readonly DesiredObject[];
  readonly refusals: readonly Refusal[];
}

/**
 * On in the families in which something is steered; in all others as it was before us. Where that is only not ready, it stays
 * as it is.
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
      if (steered(family)) return [switchedOn(family)];
      return awaited(family) ? [] : asBefore(family, facts);
    }),
    refusals: steered(6)
      ? whatIsLost(
          redirects.map(({ bridge }) => bridge),
          facts,
        )
      : [],
  };
}

/** Plan lines for forwarding that stays on because containers still need it. */
export function keptForwarding({ ledger, sysctls }: Facts): string[] {
  return families
    .map((family) => forwardingName[family])
    .filter((name) => ledger.sysctls[name] === '0' && sysctls[name] === '1')
    .map((name) => `sysctl ${name} stays 1 until destroy can remove the network`);
}

function switchedOn(family: Family): DesiredObject {
  return {
    object: { kind: 'sysctl', name: forwardingName[family], value: '1' },
    why: 'forward packets between containers and the outside',
  };
}

function asBefore(family: Family, { ledger, sysctls, links }: Facts): DesiredObject[] {
  const name = forwardingName[family];
  const { [name]: value, ...kept } = settingsOf(family, ledger.sysctls);
  if (value === undefined) return [];
  const { [name]: _, ...current } = settingsOf(family, sysctls);
  const alongside = { ...current, ...stillThere(kept, links) };
  return [{ object: { kind: 'sysctl', name, value, alongside }, why: 'restore the original value' }];
}

/** Settings of existing devices only. */
function stillThere(
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
 * A kernel that begins to forward takes no more router advertisements, unless told to: the default route goes at once, the
 * address when its time is over. On a network's own bridge there is nothing to lose: a container may advertise anything.
 */
function whatIsLost(bridges: readonly (string | undefined)[], facts: Facts): Refusal[] {
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
