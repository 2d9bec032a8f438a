/** Keys of a gateway with several members: their schemas, and the help that editors show. */
import * as z from 'zod';
import { failoverDefaults } from '../health/policy.ts';
import { addressOf, durationOf, expected } from './values.ts';

const modes = ['failover', 'balance'] as const;
const modeWhat = 'failover or balance';
const weightWhat = 'a number from 1 to 100';
const failbackWhat = 'a time from 1s to 86400s, or manual';
const flowsWhat = 'keep, reset or drain';
const targetsWhat = 'a list of one to eight addresses beyond the uplink';
const intervalWhat = 'an interval from 50ms to 60s';
const fallWhat = 'a number of lost probes from 1 to 20';
const riseWhat = 'a number of answered probes from 1 to 1000';
const { check } = failoverDefaults;

function countOf(what: string, most: number) {
  return z.int(expected(what)).min(1, expected(what)).max(most, expected(what));
}

export const checkShape = {
  targets: z
    .array(addressOf('an IPv4 or IPv6 address'), expected(targetsWhat))
    .min(1, `expected ${targetsWhat}, found an empty list`)
    .max(8, `expected ${targetsWhat}, found more`)
    .exactOptional()
    .meta({
      title: 'targets',
      description:
        'Addresses beyond the uplinks that answer pings. A member has failed when more than half of them no longer answer through it; addresses that no member reaches do not count. When left out, or for a family without one, the members themselves are pinged.',
      examples: [['1.1.1.1', '9.9.9.9', '2606:4700:4700::1111']],
    }),
  interval: durationOf(intervalWhat, { least: 50, most: 60_000 })
    .default(check.interval)
    .meta({
      title: 'interval',
      description: 'Time between two pings of one target through one member. Default: 200ms.',
      examples: ['200ms', '50ms', '1s'],
    }),
  fall: countOf(fallWhat, 20)
    .default(check.fall)
    .meta({
      title: 'fall',
      description:
        'Lost pings after which a target counts as unreachable, among the last 2 * fall - 1. Default: 3.',
      examples: [3],
    }),
  rise: countOf(riseWhat, 1000)
    .default(check.rise)
    .meta({
      title: 'rise',
      description: 'Answered pings in a row after which a target counts as reachable again. Default: 10.',
      examples: [10],
    }),
};

export const checkMeta = {
  title: 'check',
  description:
    'How a node finds out whether a member works: pings through each member, with the source address of the network. Needs `mustredirect agent` on the node. When left out, the first member is used; with mode balance, the members themselves are pinged.',
  examples: [{ targets: ['1.1.1.1', '9.9.9.9'] }],
};

export const failoverShape = {
  mode: z
    .enum(modes, expected(modeWhat))
    .exactOptional()
    .meta({
      title: 'mode',
      description:
        'failover (the default): all traffic leaves by the first member that works; needs `check`. balance: connections are spread over all members that work, by `weight`; each stays with its member.',
      examples: ['failover', 'balance'],
    }),
  failback: z
    .union(
      [z.literal('manual'), durationOf(failbackWhat, { least: 1000, most: 86_400_000 })],
      expected(failbackWhat),
    )
    .exactOptional()
    .meta({
      title: 'failback',
      description:
        'Time for which a preferred member has to work before it is used again. manual: it is used again when the member in use fails. With mode balance: the time for which a member that has failed has to work before it gets new connections again. Default: 30s. With mode failover, it needs `check`.',
      examples: ['30s', 'manual'],
    }),
  flows: z
    .enum(['keep', 'reset', 'drain'], expected(flowsWhat))
    .exactOptional()
    .meta({
      title: 'flows',
      description:
        'What a member with source NAT does with TCP connections of containers that it does not know, since another member has translated them, or it has forgotten them. keep (the default): translates them anew; with another address than before, they end when the server refuses them, or by a timeout. reset: tells the container that they have ended when it sends data. drain: as reset, and connections stay with their member until it fails or they end; a planned change, such as a drain or the return of a preferred member, moves new connections only. Needs `check`, or mode balance.',
      examples: ['reset', 'drain'],
    }),
};

export const weightField = z
  .int(expected(weightWhat))
  .min(1, expected(weightWhat))
  .max(100, expected(weightWhat))
  .exactOptional()
  .meta({
    title: 'weight',
    description:
      'With mode balance: share of new connections that this member gets, in proportion to the weights of the others. Default: 1.',
    examples: [2],
  });
