/** The keys of routes and of published ports. */
import * as z from 'zod';
import { routeProtocols } from './spec.ts';
import { addressOf, expected, oneOrMany, portsOf, subnetOf } from './values.ts';

const portWhat = 'a port number from 1 to 65535';

export const routeShape = {
  to: oneOrMany(subnetOf('a subnet like 198.51.100.0/24'), 'a subnet, or a list of subnets')
    .exactOptional()
    .meta({
      title: 'to',
      description:
        'Destinations of this route. Left out: every destination, of this protocol or these ports.',
      examples: ['198.51.100.0/24', ['198.51.100.0/24', '2001:db8:1::/48']],
    }),
  proto: z
    .enum(routeProtocols, expected(routeProtocols.join(', ').replace(/, (?=\w+$)/, ' or ')))
    .exactOptional()
    .meta({ title: 'proto', description: 'Protocol. Left out: all of them.', examples: ['tcp'] }),
  ports: oneOrMany(portsOf('a port or a range like "8000-8100"'), 'a port, a range, or a list of them')
    .exactOptional()
    .meta({
      title: 'ports',
      description: 'Destination ports, of tcp or udp. Left out: all of them.',
      examples: [25, [25, '8000-8100']],
    }),
  via: z.string(expected('the name of a gateway, or direct')).meta({
    title: 'via',
    description: "The gateway that these packets leave by, or direct: the host's own routing.",
    examples: ['mail', 'direct'],
  }),
};

export const publishShape = {
  port: portOf().meta({ title: 'port', description: 'Port of the uplink.', examples: [8080] }),
  proto: z
    .enum(['tcp', 'udp'], expected('tcp or udp'))
    .default('tcp')
    .meta({ title: 'proto', description: 'Protocol: tcp (the default) or udp.', examples: ['tcp'] }),
  to: addressOf("a container's address").meta({
    title: 'to',
    description: 'Address of a container in a network that leaves by this gateway.',
    examples: ['10.89.4.5'],
  }),
  to_port: portOf()
    .exactOptional()
    .meta({
      title: 'to_port',
      description: 'Port of the container; the same when left out.',
      examples: [80],
    }),
};

function portOf() {
  return z.int(expected(portWhat)).min(1, expected(portWhat)).max(65_535, expected(portWhat));
}
