/** Keys of `routing`: how hosts exchange routes, their schemas, and the help that editors show. */
import * as z from 'zod';
import { addressOf, durationOf, expected, keyFileOf, keyFilePattern, oneOrMany } from './values.ts';

const protocolWhat = 'static, bgp or ospf';
const intervalWhat = 'an interval from 10ms to 60s';
const multiplierWhat = 'a number of packets from 2 to 50';
const portWhat = 'a TCP port from 1 to 65535';

/** TCP port of BGP between nodes and members: not 179, which a routing daemon of the host itself may have */
export const usualBgpPort = 1790;

export const bfdShape = {
  interval: durationOf(intervalWhat, { least: 10, most: 60_000 })
    .default(300)
    .meta({
      title: 'interval',
      description: 'Time between two BFD packets. Default: 300ms.',
      examples: ['300ms', '50ms'],
    }),
  multiplier: z
    .int(expected(multiplierWhat))
    .min(2, expected(multiplierWhat))
    .max(50, expected(multiplierWhat))
    .default(3)
    .meta({
      title: 'multiplier',
      description: 'Number of missing BFD packets after which the neighbour counts as down. Default: 3.',
      examples: [3],
    }),
};

const uplinkProtocolWhat = 'bgp or ospf';
const asWhat = 'an AS number from 1 to 4294967294';
const neighborWhat = 'the address of the upstream router';
const passwordFileWhat = 'the absolute path of a file with a password, without blanks and quotes';
const areaWhat = 'an area from 0 to 4294967295';
const secondsWhat = 'a time from 1s to 65535s';
const costWhat = 'a cost from 1 to 65535';

function asNumberOf() {
  return z
    .int(expected(asWhat))
    .min(1, expected(asWhat))
    .max(4_294_967_294, expected(asWhat))
    .exactOptional();
}

function secondsOf() {
  return durationOf(secondsWhat, { least: 1000, most: 65_535_000 }).exactOptional();
}

function passwordFileOf() {
  const hint = 'the password itself never stands in the file, which is not a secret';
  return keyFileOf(passwordFileWhat, hint).exactOptional();
}

export const gatewayRoutingShape = {
  protocol: z.enum(['static', 'bgp', 'ospf'], expected(protocolWhat)).meta({
    title: 'protocol',
    description:
      'static (the default): nodes send to the first member, or to the one that `check` chooses, and no routing daemon is needed. bgp: nodes and members exchange routes with BIRD, and nodes send to the first member that works. ospf: the same by OSPF, which believes all routers of the link: prefer bgp.',
    examples: ['bgp', 'ospf'],
  }),
  port: z
    .int(expected(portWhat))
    .min(1, expected(portWhat))
    .max(65_535, expected(portWhat))
    .exactOptional()
    .meta({
      title: 'port',
      description: 'For bgp: TCP port of the sessions, the same on nodes and members. Default: 1790.',
      examples: [1790],
    }),
  hello: secondsOf().meta({
    title: 'hello',
    description: 'For ospf: time between two hello packets. Default: 1s.',
    examples: ['1s'],
  }),
  dead: secondsOf().meta({
    title: 'dead',
    description:
      'For ospf: time without a hello packet after which a neighbour counts as down. Default: 4 times hello.',
    examples: ['4s'],
  }),
  password_file: passwordFileOf().meta({
    title: 'password_file',
    description:
      "For ospf: file with the password of nodes and members, one line, the same on all of them. It must be root's, with mode 0600.",
    pattern: keyFilePattern.source,
    examples: ['/etc/mustredirect/ospf.password'],
  }),
};

export const bfdMeta = {
  title: 'bfd',
  description:
    'Detect a dead neighbour with BFD: {} sends every 300 ms, and gives up after 3 missing packets. When left out, a neighbour that falls silent is given up after 9 seconds.',
  examples: [{ interval: '50ms', multiplier: 3 }],
};

export const gatewayRoutingMeta = {
  title: 'routing',
  description: 'How nodes and members of this gateway exchange routes.',
  examples: [{ protocol: 'bgp', bfd: {} }],
};

export const uplinkRoutingShape = {
  protocol: z.enum(['bgp', 'ospf'], expected(uplinkProtocolWhat)).meta({
    title: 'protocol',
    description: 'Protocol that this member speaks with the upstream router.',
    examples: ['bgp', 'ospf'],
  }),
  as: asNumberOf().meta({
    title: 'as',
    description: 'For bgp: AS number of this member.',
    examples: [65001],
  }),
  neighbor: oneOrMany(addressOf(neighborWhat), `${neighborWhat}, or a list of one per family`)
    .exactOptional()
    .meta({
      title: 'neighbor',
      description:
        'For bgp: address of the upstream router on the link of the uplink (a list holds one per family). It is the next hop, too.',
      examples: ['172.31.0.2', ['172.31.0.2', '2001:db8:31::2']],
    }),
  peer_as: asNumberOf().meta({
    title: 'peer_as',
    description: 'For bgp: AS number of the upstream router.',
    examples: [64496],
  }),
  area: z
    .int(expected(areaWhat))
    .min(0, expected(areaWhat))
    .max(0xffffffff, expected(areaWhat))
    .exactOptional()
    .meta({
      title: 'area',
      description: 'For ospf: area of the link. Default: 0.',
      examples: [0],
    }),
  hello: secondsOf().meta({
    title: 'hello',
    description: 'For ospf: time between two hello packets, the same on the upstream router. Default: 10s.',
    examples: ['10s'],
  }),
  dead: secondsOf().meta({
    title: 'dead',
    description:
      'For ospf: time without a hello packet after which the neighbour counts as down, the same on the upstream router. Default: 4 times hello.',
    examples: ['40s'],
  }),
  cost: z
    .int(expected(costWhat))
    .min(1, expected(costWhat))
    .max(65_535, expected(costWhat))
    .exactOptional()
    .meta({
      title: 'cost',
      description: 'For ospf: cost of the link. Default: 10.',
      examples: [10],
    }),
  password_file: passwordFileOf().meta({
    title: 'password_file',
    description:
      "File with the password of the session, one line. It must be root's, with mode 0600. bgp: TCP MD5; ospf: keyed MD5 for IPv4, HMAC-SHA-256 for IPv6, with key id 1.",
    pattern: keyFilePattern.source,
    examples: ['/etc/mustredirect/bgp.password'],
  }),
};

export const uplinkRoutingMeta = {
  title: 'routing',
  description:
    'Routes of the uplink come from the upstream router: it announces the default, and with snat: none it hears the container networks.',
  examples: [{ protocol: 'bgp', as: 65001, neighbor: '172.31.0.2', peer_as: 64496 }],
};
