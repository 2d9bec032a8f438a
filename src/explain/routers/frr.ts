import { type Family, anywhere, families, familyOf } from '../../address/cidr.ts';
import { ofFamily } from '../../desired/addresses.ts';
import type { Bfd } from '../../spec/spec.ts';
import { type RouterSystem, defaultOrigin } from './router-system.ts';
import { type OspfLink, type Router, type Session, sessionFamilies } from './router.ts';

export const frr: RouterSystem = {
  name: 'FRR 8 and later: `vtysh -f FILE`',
  comment: '!',
  configure: (router) => {
    const internal = router.sessions.find(({ as, peerAs }) => as === peerAs && as !== mainAs(router));
    if (internal)
      return `FRR cannot speak iBGP in AS ${internal.as} beside AS ${mainAs(router)}: give the member another AS number than the upstream router`;
    if (router.links.some(({ ttlSecurity }) => ttlSecurity))
      return 'FRR cannot send OSPF with a TTL of 255, which nodes ask for: write `protocol: bgp` below `routing:` of the gateway';
    return [
      ...listenLines(router),
      ...bfdLines(router),
      ...routeLines(router),
      ...filterLines(router),
      ...bgpLines(router),
      ...(router.links.some((link) => link.password !== undefined && link.families.includes(6))
        ? ['! OSPF for IPv6 with a password: FRR 8.4 and BIRD refuse each other']
        : []),
      ...router.links.flatMap((link) => linkLines(router, link)),
    ];
  },
};

/** All nodes are in one AS; the upstream router may be spoken with in another. */
function mainAs({ sessions }: Router): number | undefined {
  return sessions[0]?.as;
}

function listenLines({ sessions }: Router): string[] {
  const port = sessions.find((one) => one.port !== 179)?.port;
  return port === undefined
    ? []
    : [
        `! it opens the sessions to port ${port}; so that nodes can open them, too, add \`-p ${port}\` to bgpd_options in /etc/frr/daemons`,
      ];
}

function profileOf({ interval, multiplier }: Bfd): string {
  return `mustredirect-${interval}x${multiplier}`;
}

function bfdLines({ sessions, links }: Router): string[] {
  const profiles = new Map(
    [...sessions, ...links].flatMap(({ bfd }) => (bfd ? [[profileOf(bfd), bfd] as const] : [])),
  );
  if (profiles.size === 0) return [];
  return [
    'bfd',
    ...[...profiles].flatMap(([name, { interval, multiplier }]) => [
      ` profile ${name}`,
      `  detect-multiplier ${multiplier}`,
      `  receive-interval ${interval}`,
      `  transmit-interval ${interval}`,
      ' exit',
    ]),
    'exit',
  ];
}

function routeLines({ routes }: Router): string[] {
  return routes.map(({ subnet, via, device }) =>
    [ip(familyOf(subnet)), 'route', subnet, ...((via ?? device) ? [via, device] : ['blackhole'])]
      .filter(Boolean)
      .join(' '),
  );
}

function ip(family: Family): 'ip' | 'ipv6' {
  return family === 4 ? 'ip' : 'ipv6';
}

function prefixList(family: Family, name: string, subnets: readonly string[]): string[] {
  const start = (i: number): string => `${ip(family)} prefix-list ${name} seq ${5 * (i + 1)}`;
  if (subnets.length === 0) return [`${start(0)} deny any`];
  return subnets.map((subnet, i) => `${start(i)} permit ${subnet}`);
}

function filterLines({ sessions, links }: Router): string[] {
  return [
    ...sessions.flatMap(({ name, family, accepted, announced, med }) => [
      ...prefixList(family, `${name}-in`, accepted),
      ...prefixList(family, `${name}-out`, announced),
      ...(med === undefined ? [] : routeMap(`${name}-out`, [` set metric ${med}`])),
    ]),
    ...links.flatMap(({ name, families: spoken, announced, metric }) =>
      metric === undefined
        ? []
        : spoken.flatMap((family) => [
            ...prefixList(family, `${name}-${family}`, ofFamily(announced, family)),
            ...routeMap(`${name}-${family}`, [
              ` match ${ip(family)} address prefix-list ${name}-${family}`,
              ` set metric ${metric}`,
            ]),
          ]),
    ),
  ];
}

function routeMap(name: string, lines: readonly string[]): string[] {
  return [`route-map ${name} permit 10`, ...lines, 'exit'];
}

function bgpLines(router: Router): string[] {
  const { sessions, id } = router;
  const as = mainAs(router);
  if (as === undefined) return [];
  return [
    `router bgp ${as}`,
    ...(id === undefined ? [] : [` bgp router-id ${id}`]),
    ...(networksOf(router).length > 0 ? [' bgp network import-check'] : []),
    ...sessions.flatMap((session) => neighborLines(session, as).map((line) => ` ${line}`)),
    ...sessionFamilies(router).flatMap((family) => addressFamilyLines(router, family)),
    'exit',
  ];
}

/** Announced while the kernel has a route to them. */
function networksOf(router: Router): string[] {
  const defaults = families.filter((family) => defaultOrigin(router, family) === 'network');
  const own = router.routes.map(({ subnet }) => subnet).filter((subnet) => !subnet.endsWith('/0'));
  return [...defaults.map((family) => anywhere[family]), ...own];
}

function neighborLines(session: Session, mainNumber: number): string[] {
  const { description, as, peerAs, peer, port, passive, ttlSecurity, password, bfd } = session;
  return [
    `remote-as ${peerAs}`,
    `description ${description}`,
    ...(as === mainNumber ? [] : [`local-as ${as} no-prepend replace-as`]),
    ...(port === 179 ? [] : [`port ${port}`]),
    ...(passive ? ['passive'] : []),
    ...(ttlSecurity ? ['ttl-security hops 1'] : []),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(bfd ? ['bfd', `bfd profile ${profileOf(bfd)}`] : []),
  ].map((line) => `neighbor ${peer} ${line}`);
}

function addressFamilyLines(router: Router, family: Family): string[] {
  const others = router.sessions.filter((one) => one.family !== family);
  const own = router.sessions.filter((one) => one.family === family);
  const origin = defaultOrigin(router, family);
  return [
    ` address-family ipv${family} unicast`,
    ...ofFamily(networksOf(router), family).map((subnet) => `  network ${subnet}`),
    ...others.filter(() => family === 4).map(({ peer }) => `  no neighbor ${peer} activate`),
    ...own.flatMap((session) => activeLines(session, origin).map((line) => `  ${line}`)),
    ' exit-address-family',
  ];
}

function activeLines(session: Session, origin: ReturnType<typeof defaultOrigin>): string[] {
  const { name, as, peerAs, peer, announced, med } = session;
  const givesDefault = announced.some((subnet) => subnet.endsWith('/0'));
  return [
    'activate',
    ...(as === peerAs ? ['next-hop-self'] : []),
    ...(givesDefault && origin === 'originated' ? ['default-originate'] : []),
    `prefix-list ${name}-in in`,
    `prefix-list ${name}-out out`,
    ...(med === undefined ? [] : [`route-map ${name}-out out`]),
  ].map((line) => `neighbor ${peer} ${line}`);
}

/** Times come before the area: its wait timer starts with the area. */
function linkLines(router: Router, link: OspfLink): string[] {
  return [
    `interface ${link.device}`,
    ...link.families.flatMap((family) => interfaceLines(link, family)),
    'exit',
    ...link.families.flatMap((family) => ospfLines(router, link, family)),
  ];
}

function interfaceLines(link: OspfLink, family: Family): string[] {
  const { area, hello, dead, cost, pointToPoint, password, bfd } = link;
  const four = family === 4;
  return [
    `network ${pointToPoint ? 'point-to-point' : 'broadcast'}`,
    `hello-interval ${hello}`,
    `dead-interval ${dead}`,
    `cost ${cost}`,
    ...(bfd ? ['bfd', `bfd profile ${profileOf(bfd)}`] : []),
    ...(password !== undefined && four
      ? ['authentication message-digest', `message-digest-key 1 md5 ${password}`]
      : []),
    ...(password !== undefined && !four
      ? [`authentication key-id 1 hash-algo hmac-sha-256 key ${password}`]
      : []),
    `area ${area}`,
  ].map((line) => ` ${four ? 'ip ospf' : 'ipv6 ospf6'} ${line}`);
}

function ospfLines(router: Router, { name, metric }: OspfLink, family: Family): string[] {
  return [
    `router ${family === 4 ? 'ospf' : 'ospf6'}`,
    ...(router.id === undefined ? [] : [` ${family === 4 ? 'ospf' : 'ospf6'} router-id ${router.id}`]),
    ...(metric === undefined
      ? [' default-information originate']
      : [
          ...(router.sessions.length > 0 ? [` redistribute bgp route-map ${name}-${family}`] : []),
          ...(router.routes.length > 0 ? [` redistribute static route-map ${name}-${family}`] : []),
        ]),
    'exit',
  ];
}
