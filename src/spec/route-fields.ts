/** Keys of routes and of published ports. */
import * as z from 'zod';
import { routeProtocols } from './spec.ts';
import { addressOf, expected, oneOrMany, portsOf, subnetOf } from './values.ts';

const portWhat = 'a port number from 1 to 65535';

export const routeShape = {
  to: oneOrMany(subnetOf('a subnet like 198.51.100.0/24'), 'a subnet, or a list of subnets')
    .exactOptional()
    .meta({
      title: 'to',
      description: 'Destination subnets. When left out: all destinations.',
      examples: ['198.51.100.0/24', ['198.51.100.0/24', '2001:db8:1::/48']],
    }),
  proto: z
    .enum(routeProtocols, expected(routeProtocols.join(', ').replace(/, (?=\w+$)/, ' or ')))
    .exactOptional()
    .meta({ title: 'proto', description: 'Protocol. When left out: all protocols.', examples: ['tcp'] }),
  ports: oneOrMany(portsOf('a port or a range like "8000-8100"'), 'a port, a range, or a list of them')
    .exactOptional()
    .meta({
      title: 'ports',
      description:
        'Destination ports of tcp or udp: a port, a range as text, or a list of them. When left out: all ports.',
      examples: [25, [25, '8000-8100']],
    }),
  via: z.string(expected('the name of a gateway, or direct')).meta({
    title: 'via',
    description: "Name of the gateway that matching packets leave by, or direct for the host's own routing.",
    examples: ['mail', 'direct'],
  }),
};

export const publishShape = {
  port: portOf().meta({
    title: 'port',
    description: 'Port on the addresses of the uplink.',
    examples: [8080],
  }),
  proto: z
    .enum(['tcp', 'udp'], expected('tcp or udp'))
    .default('tcp')
    .meta({ title: 'proto', description: 'Protocol. Default: tcp.', examples: ['tcp'] }),
  to: addressOf("a container's address").meta({
    title: 'to',
    description: 'Address of the container. Its network leaves by this gateway.',
    examples: ['10.89.4.5'],
  }),
  to_port: portOf()
    .exactOptional()
    .meta({
      title: 'to_port',
      description: 'Port of the container. When left out: the value of port.',
      examples: [80],
    }),
};

function portOf() {
  return z.int(expected(portWhat)).min(1, expected(portWhat)).max(65_535, expected(portWhat));
}
