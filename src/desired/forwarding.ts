/** Whether the kernel forwards: a setting for all of a family, which others on this host may need too. */
import { type Family, families } from '../address/cidr.ts';
import type { Facts } from '../state/facts.ts';
import { forwardingName, settingsOf } from '../state/settings.ts';
import type { Part, Refusal, Wanted } from './parts.ts';

export interface Forwarding {
  readonly wanted: readonly Wanted[];
  readonly refusals: readonly Refusal[];
}

/** On in the families in which something is steered; in all others as it was before us. */
export function forwardingOf(parts: readonly Part[], facts: Facts): Forwarding {
  const steered = (family: Family): boolean =>
    parts.some((part) => part.family === family && part.steer !== undefined);
  return {
    wanted: families.flatMap((family) => (steered(family) ? [switchedOn(family)] : asBefore(family, facts))),
    refusals: steered(6) ? learnedDefaults(facts) : [],
  };
}

/** What stays on because containers still need what they found, for the plan to tell. */
export function keptForwarding({ ledger, sysctls }: Facts): string[] {
  return families
    .map((family) => forwardingName[family])
    .filter((name) => ledger.sysctls[name] === '0' && sysctls[name] === '1')
    .map((name) => `sysctl ${name} = 1 stays with it, until destroy can take the network away`);
}

function switchedOn(family: Family): Wanted {
  return {
    object: { kind: 'sysctl', name: forwardingName[family], value: '1' },
    why: 'packets between containers and the outside are forwarded',
  };
}

function asBefore(family: Family, { ledger, sysctls, links }: Facts): Wanted[] {
  const name = forwardingName[family];
  const { [name]: value, ...kept } = settingsOf(family, ledger.sysctls);
  if (value === undefined) return [];
  const { [name]: _, ...current } = settingsOf(family, sysctls);
  const alongside = { ...current, ...stillThere(kept, links) };
  return [{ object: { kind: 'sysctl', name, value, alongside }, why: 'as it was before' }];
}

/** A device that is gone has no setting any more. */
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

/** A kernel that begins to forward forgets the default routes that routers have advertised, unless told to keep them. */
function learnedDefaults({ routerAdvertisedDefaults, acceptRa, sysctls }: Facts): Refusal[] {
  if (sysctls[forwardingName[6]] !== '0') return [];
  return routerAdvertisedDefaults
    .filter((device) => acceptRa[device] !== '2')
    .map((device) => ({
      message: `${device} has its IPv6 default route from router advertisements, and a host that forwards IPv6 takes none: this host would lose it`,
      hint: `\`sysctl -w net/ipv6/conf/${device}/accept_ra=2\` takes them all the same; keep it in /etc/sysctl.d, then try again`,
    }));
}
