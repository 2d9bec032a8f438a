import { type Family, anywhere, families } from '../../address/cidr.ts';
import { ofFamily } from '../../desired/addresses.ts';
import { block, inner } from '../../desired/bird/block.ts';
import { bfdLines } from '../../desired/bird/lan-bgp.ts';
import { ospfPasswordLines } from '../../desired/bird/upstream.ts';
import { type RouterSystem, defaultOrigin } from './router-system.ts';
import type { OspfLink, OwnRoute, Router, Session } from './router.ts';

export const bird: RouterSystem = {
  name: 'BIRD 2, as bird.conf; without `protocol device`, `kernel` and `bfd` where yours has them',
  comment: '#',
  configure: (router) =>
    [
      ...(router.id === undefined ? [] : [`router id ${router.id};\n`]),
      block('protocol device', []),
      ...bfdBlock(router),
      ...families.filter((family) => speaks(router, family)).flatMap((family) => tableBlocks(router, family)),
      ...router.sessions.map((session) => sessionBlock(session, reflects(router))),
      ...router.links.flatMap((link) => link.families.map((family) => linkBlock(link, family))),
    ]
      .join('')
      .trimEnd()
      .split('\n'),
};

function speaks({ sessions, links }: Router, family: Family): boolean {
  return sessions.some((one) => one.family === family) || links.some((one) => one.families.includes(family));
}

/** OSPF takes the times of its link from here; BGP has them in each session. */
function bfdBlock({ sessions, links }: Router): string[] {
  if (![...sessions, ...links].some(({ bfd }) => bfd)) return [];
  const lines = links.flatMap(({ device, bfd }) =>
    bfd ? inner(`interface "${device}"`, bfdLines(bfd)) : [],
  );
  return [block('protocol bfd', lines)];
}

/** The kernel gets what is learned, and the router's own routes with a next hop. */
function tableBlocks(router: Router, family: Family): string[] {
  const own = router.routes.filter(({ subnet }) => ofFamily([subnet], family).length > 0);
  const originated = defaultOrigin(router, family) === 'originated';
  return [
    block('protocol kernel', [
      ...(originated ? ['learn yes;'] : []),
      ...inner(`ipv${family}`, [
        originated ? `import where net = ${anywhere[family]};` : 'import none;',
        'export where dest = RTD_UNICAST;',
      ]),
    ]),
    ...(own.length === 0
      ? []
      : [
          block('protocol static', [
            'check link yes;',
            `ipv${family};`,
            ...own.map((route) => `route ${route.subnet} ${targetText(route)};`),
          ]),
        ]),
  ];
}

function targetText({ via, device }: OwnRoute): string {
  if (via !== undefined) return `via ${via}${device === undefined ? '' : `%${device}`}`;
  return device === undefined ? 'unreachable' : `via "${device}"`;
}

/** iBGP with nodes and with an upstream router: neither hears of the other unless this router reflects. */
function reflects({ sessions }: Router): boolean {
  const internal = sessions.filter(({ as, peerAs }) => as === peerAs);
  return new Set(internal.map(({ as }) => as)).size > 1;
}

function sessionBlock(session: Session, reflect: boolean): string {
  const { name, description, family, as, peerAs, peer, port, passive, ttlSecurity, password, bfd } = session;
  const ports = port === 179 ? '' : ` port ${port}`;
  return block(`protocol bgp ${name.replace(/\W/g, '_')}`, [
    `description "${description}";`,
    `local${ports} as ${as};`,
    `neighbor ${peer}${ports} as ${peerAs};`,
    'direct;',
    ...(passive ? ['passive yes;'] : []),
    ...(ttlSecurity ? ['ttl security yes;'] : []),
    ...(reflect && as === peerAs ? ['rr client;'] : []),
    ...(password === undefined ? [] : [`password "${password}";`]),
    ...(bfd ? inner('bfd', bfdLines(bfd)) : []),
    ...inner(`ipv${family}`, [
      'gateway direct;',
      'next hop self;',
      importLine(session.accepted),
      ...exportLines(session.announced, session.med === undefined ? [] : [`bgp_med = ${session.med};`]),
    ]),
  ]);
}

function linkBlock(link: OspfLink, family: Family): string {
  const { name, description, device, area, hello, dead, cost, pointToPoint, password, bfd } = link;
  const metric = link.metric === undefined ? [] : [`ospf_metric2 = ${link.metric};`];
  return block(`protocol ospf ${family === 4 ? 'v2' : 'v3'} ${name.replace(/\W/g, '_')}_${family}`, [
    `description "${description}";`,
    ...inner(`ipv${family}`, [
      importLine(ofFamily(link.accepted, family)),
      ...exportLines(ofFamily(link.announced, family), metric),
    ]),
    ...inner(`area ${area}`, [
      ...inner(`interface "${device}"`, [
        `type ${pointToPoint ? 'ptp' : 'broadcast'};`,
        `hello ${hello};`,
        `dead ${dead};`,
        `cost ${cost};`,
        ...(link.ttlSecurity ? ['ttl security yes;'] : []),
        ...(bfd ? ['bfd yes;'] : []),
        ...(password === undefined ? [] : ospfPasswordLines(`"${password}"`, family)),
      ]),
    ]),
  ]);
}

function importLine(accepted: readonly string[]): string {
  return accepted.length === 0 ? 'import none;' : `import where net ~ [ ${accepted.join(', ')} ];`;
}

function exportLines(announced: readonly string[], set: readonly string[]): string[] {
  if (announced.length === 0) return ['export none;'];
  const list = `[ ${announced.join(', ')} ]`;
  if (set.length === 0) return [`export where net ~ ${list};`];
  return inner('export filter', [`if net !~ ${list} then reject;`, ...set, 'accept;']);
}
