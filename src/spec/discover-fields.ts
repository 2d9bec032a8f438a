/** Keys of `discover`: their schemas, and the help that editors show. */
import * as z from 'zod';
import { expected, oneOrMany, subnetOf } from './values.ts';

const unlabelledWhat = 'leave or block';

export const discoverShape = {
  pools: z
    .record(
      z.string(),
      oneOrMany(subnetOf('a subnet like 10.89.0.0/16'), 'a subnet, or a list of subnets'),
      expected('a map of host names to their pools'),
    )
    .refine(
      (pools) => Object.keys(pools).length > 0,
      'expected at least one host with its pool, found an empty map',
    )
    .meta({
      title: 'pools',
      minProperties: 1,
      description:
        'Per node, the subnets that its labelled networks lie in (a list holds any number of each family). The members of `gateways` accept packets from these subnets, and route to them. Pools overlap neither each other nor a network of the file.',
      examples: [{ node1: ['10.89.0.0/16', '2001:db8:89::/48'] }],
    }),
  gateways: z
    .array(z.string(expected('the name of a gateway')), expected('a list of gateway names'))
    .min(1, 'expected at least one gateway, found an empty list')
    .exactOptional()
    .meta({
      title: 'gateways',
      description:
        'Gateways that a label may name. A host may be a member of one of them only. Default: every gateway of the file.',
      examples: [['office']],
    }),
  unlabelled: z
    .enum(['leave', 'block'], expected(unlabelledWhat))
    .default('leave')
    .meta({
      title: 'unlabelled',
      description:
        'leave (the default): what is in a pool and not redirected keeps the routing of its node. block: it reaches nothing outside of its node, also while a new network is not redirected yet.',
      examples: ['block'],
    }),
};

export const discoverMeta = {
  title: 'discover',
  description:
    'Redirects each network of an engine that carries the label `mustredirect.via=GATEWAY`, without an entry under networks, when all of its subnets lie in a pool of its node. Engines: podman, docker and nerdctl. Default: only networks of the file are redirected.',
  examples: [{ pools: { node1: ['10.89.0.0/16'] }, unlabelled: 'block' }],
};
