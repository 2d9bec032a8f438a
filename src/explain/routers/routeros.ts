import { prefixLength } from '../../address/cidr.ts';
import type { RouterSystem } from './router-system.ts';
import { type OspfLink, type Session, dottedArea } from './router.ts';

export const routeros: RouterSystem = {
  name: 'MikroTik RouterOS 7 (from 7.20 on, the AS is a value of `/routing bgp instance`)',
  comment: '#',
  configure: ({ sessions, links }) => [
    ...sessions.flatMap(sessionLines),
    ...links.flatMap((link) => link.families.flatMap((family) => linkLines(link, family))),
    ...bfdLines([...sessions, ...links]),
  ],
};

function filterLines(chain: string, subnets: readonly string[]): string[] {
  const add = `/routing filter rule add chain=${chain} rule=`;
  return [
    ...subnets.map(
      (subnet) => `${add}"if (dst in ${subnet} && dst-len == ${prefixLength(subnet)}) {accept}"`,
    ),
    `${add}"reject"`,
  ];
}

function sessionLines(session: Session): string[] {
  const { name, family, as, peerAs, peer, passive, password, bfd, accepted, announced } = session;
  const options = [
    `name=${name}`,
    `as=${as}`,
    `remote.address=${peer}`,
    `remote.as=${peerAs}`,
    `local.role=${as === peerAs ? 'ibgp' : 'ebgp'}`,
    ...(passive ? ['connect=no', 'listen=yes'] : []),
    ...(family === 6 ? ['address-families=ipv6'] : []),
    ...(password === undefined ? [] : [`tcp-md5-key="${password}"`]),
    ...(bfd ? ['use-bfd=yes'] : []),
    'output.default-originate=if-installed',
    `output.filter-chain=${name}-out`,
    `input.filter=${name}-in`,
  ];
  return [
    ...filterLines(`${name}-in`, accepted),
    ...filterLines(`${name}-out`, announced),
    `/routing bgp connection add ${options.join(' ')}`,
  ];
}

function linkLines(link: OspfLink, family: 4 | 6): string[] {
  const { device, area, hello, dead, cost, pointToPoint, password, bfd, accepted } = link;
  const name = `${link.name}_${family}`;
  const options = [
    `area=${name}`,
    `interfaces=${device}`,
    `type=${pointToPoint ? 'ptp' : 'broadcast'}`,
    `hello-interval=${hello}s`,
    `dead-interval=${dead}s`,
    `cost=${cost}`,
    ...(password === undefined
      ? []
      : [`auth=${family === 4 ? 'md5' : 'sha256'}`, 'auth-id=1', `auth-key="${password}"`]),
    ...(bfd ? ['use-bfd=yes'] : []),
  ];
  return [
    ...filterLines(
      `${name}-in`,
      accepted.filter((one) => one.includes(':') === (family === 6)),
    ),
    `/routing ospf instance add name=${name} version=${family === 4 ? 2 : 3} originate-default=if-installed in-filter-chain=${name}-in`,
    `/routing ospf area add name=${name} instance=${name} area-id=${dottedArea(area)}`,
    `/routing ospf interface-template add ${options.join(' ')}`,
  ];
}

function bfdLines(all: readonly (Session | OspfLink)[]): string[] {
  const lines = all.flatMap((one) => {
    if (!one.bfd) return [];
    const where = 'peer' in one ? `addresses=${one.peer}` : `interfaces=${one.device}`;
    const { interval, multiplier } = one.bfd;
    return [
      `/routing bfd configuration add ${where} min-rx=${interval}ms min-tx=${interval}ms multiplier=${multiplier}`,
    ];
  });
  return [...new Set(lines)];
}
