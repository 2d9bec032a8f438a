import type { RouterSystem } from './router-system.ts';
import { type OspfLink, type Session, words } from './router.ts';

export const vyos: RouterSystem = {
  name: 'VyOS 1.4, in configuration mode',
  comment: '#',
  configure: ({ sessions, links }) => [
    ...sessions.flatMap(filterLines),
    ...sessions.slice(0, 1).map(({ as }) => `set protocols bgp system-as ${as}`),
    ...sessions.flatMap(sessionLines),
    ...links.flatMap(linkLines),
    'commit; save',
  ],
};

function filterLines({ name, family, accepted, announced }: Session): string[] {
  const list = (suffix: string, subnets: readonly string[]): string[] => {
    const start = `set policy prefix-list${family === 4 ? '' : '6'} ${name}-${suffix} rule`;
    const any = family === 4 ? '0.0.0.0/0' : '::/0';
    if (subnets.length === 0)
      return [
        `${start} 10 action deny`,
        `${start} 10 prefix ${any}`,
        `${start} 10 le ${family === 4 ? 32 : 128}`,
      ];
    return subnets.flatMap((subnet, i) => [
      `${start} ${10 * (i + 1)} action permit`,
      `${start} ${10 * (i + 1)} prefix ${subnet}`,
    ]);
  };
  return [...list('in', accepted), ...list('out', announced)];
}

function sessionLines({
  name,
  description,
  family,
  peerAs,
  peer,
  passive,
  password,
  bfd,
}: Session): string[] {
  const channel = `address-family ipv${family}-unicast`;
  return [
    `remote-as ${peerAs}`,
    `description '${description}'`,
    ...(passive ? ['passive'] : []),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(bfd ? [`bfd profile ${name}`] : []),
    `${channel} default-originate`,
    `${channel} prefix-list import ${name}-in`,
    `${channel} prefix-list export ${name}-out`,
  ]
    .map((line) => `set protocols bgp neighbor ${peer} ${line}`)
    .concat(bfdLines(name, bfd));
}

function bfdLines(profile: string, bfd: Session['bfd']): string[] {
  if (!bfd) return [];
  return [`transmit ${bfd.interval}`, `receive ${bfd.interval}`, `multiplier ${bfd.multiplier}`].map(
    (line) => `set protocols bfd profile ${profile} interval ${line}`,
  );
}

function linkLines(link: OspfLink): string[] {
  const { name, families, bfd } = link;
  return [
    ...families.flatMap((family) => {
      const start = `set protocols ospf${family === 4 ? '' : 'v3'}`;
      return [
        `${start} default-information originate`,
        ...interfaceLines(link, family).map((line) => `${start} interface ${deviceOf(link)} ${line}`),
      ];
    }),
    ...bfdLines(name, bfd),
  ];
}

/** A tunnel has the name that the far end of the tunnel gives it. */
function deviceOf({ device }: OspfLink): string {
  return device === words.device ? device : 'tun0';
}

function interfaceLines(link: OspfLink, family: 4 | 6): string[] {
  const { name, area, hello, dead, cost, pointToPoint, password, bfd } = link;
  return [
    `area ${area}`,
    `network ${pointToPoint ? 'point-to-point' : 'broadcast'}`,
    `hello-interval ${hello}`,
    `dead-interval ${dead}`,
    `cost ${cost}`,
    ...(bfd ? [`bfd profile ${name}`] : []),
    ...(password !== undefined && family === 4 ? [`authentication md5 key-id 1 md5-key ${password}`] : []),
  ];
}
