import type { Family } from '../../address/cidr.ts';
import type { RouterSystem } from './router-system.ts';
import { type OspfLink, type Router, type Session, sessionFamilies, words } from './router.ts';

export const ios: RouterSystem = {
  name: 'Cisco IOS, in configuration mode',
  comment: '!',
  configure: (router) => [
    ...router.sessions.flatMap(prefixLists),
    ...bgpLines(router),
    ...router.links.flatMap(linkLines),
  ],
};

function prefixLists({ name, family, accepted, announced }: Session): string[] {
  const list = (suffix: string, subnets: readonly string[]): string[] => {
    const start = `${family === 4 ? 'ip' : 'ipv6'} prefix-list ${name}-${suffix}`;
    const any = family === 4 ? '0.0.0.0/0' : '::/0';
    if (subnets.length === 0) return [`${start} seq 5 deny ${any} le ${family === 4 ? 32 : 128}`];
    return subnets.map((subnet, i) => `${start} seq ${5 * (i + 1)} permit ${subnet}`);
  };
  return [...list('in', accepted), ...list('out', announced)];
}

function bgpLines(router: Router): string[] {
  const { sessions } = router;
  const [first] = sessions;
  if (!first) return [];
  const bfds = sessions.flatMap(({ bfd }) => bfd ?? []);
  return [
    ...bfds
      .slice(0, 1)
      .flatMap(({ interval, multiplier }) => [
        '! at the interface that leads to the member:',
        `! bfd interval ${interval} min_rx ${interval} multiplier ${multiplier}`,
      ]),
    `router bgp ${first.as}`,
    ...sessions.flatMap((session) =>
      neighborLines(session).map((line) => ` neighbor ${session.peer} ${line}`),
    ),
    ...sessionFamilies(router).flatMap((family) => addressFamilyLines(sessions, family)),
    'exit',
  ];
}

function neighborLines({ description, peerAs, passive, password, bfd }: Session): string[] {
  return [
    `remote-as ${peerAs}`,
    `description ${description}`,
    ...(passive ? ['transport connection-mode passive'] : []),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(bfd ? ['fall-over bfd'] : []),
  ];
}

function addressFamilyLines(sessions: readonly Session[], family: Family): string[] {
  return [
    ` address-family ipv${family}`,
    ...sessions.flatMap(({ name, peer, family: own }) => {
      if (own !== family) return family === 4 ? [`  no neighbor ${peer} activate`] : [];
      const lines = [
        'activate',
        'default-originate',
        `prefix-list ${name}-in in`,
        `prefix-list ${name}-out out`,
      ];
      return lines.map((line) => `  neighbor ${peer} ${line}`);
    }),
    ' exit-address-family',
  ];
}

/** Process number of OSPF; any that the router does not use yet */
const process = 136;

function linkLines(link: OspfLink): string[] {
  const four = link.families.includes(4);
  const six = link.families.includes(6);
  return [
    ...(four ? [`router ospf ${process}`, ' default-information originate', 'exit'] : []),
    ...(six ? [`ipv6 router ospf ${process}`, ' default-information originate', 'exit'] : []),
    `interface ${link.device === words.device ? link.device : 'Tunnel1'}`,
    ...(four ? interfaceLines('ip ospf', link) : []),
    ...(six ? interfaceLines('ipv6 ospf', link) : []),
    'exit',
  ];
}

function interfaceLines(start: string, link: OspfLink): string[] {
  const { area, hello, dead, cost, pointToPoint, password, bfd } = link;
  const four = start === 'ip ospf';
  return [
    `network ${pointToPoint ? 'point-to-point' : 'broadcast'}`,
    `hello-interval ${hello}`,
    `dead-interval ${dead}`,
    `cost ${cost}`,
    ...(bfd ? ['bfd'] : []),
    ...(password !== undefined && four
      ? ['authentication message-digest', `message-digest-key 1 md5 ${password}`]
      : []),
    `${process} area ${area}`,
  ].map((line) => ` ${start} ${line}`);
}
