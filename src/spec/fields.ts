/** Keys of the file: their schemas, and the help that editors show. */
import * as z from 'zod';
import { weightField } from './failover-fields.ts';
import { addressOf, deviceOf, engineOf, expected, oneOrMany, subnetOf } from './values.ts';

/** Names become parts of podman networks, file names, nft comments and messages. */
export const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;
export const name = z.string().regex(namePattern, {
  error:
    'a name begins with a letter or digit, goes on with letters, digits, "_", "." and "-", and has at most 64 characters',
});

/** Tables of the kernel: 253 default, 254 main, 255 local; 0 means none. */
const kernelTables = [253, 254, 255];
const tableWhat = 'a table number from 1 to 4294967295';
const snatWhat = 'masquerade, none, an address or a list of one per family';
const dnsWhat = 'engine, gateway, an address or a list of one per family';
const whenDownWhat = 'block or direct';
const bridgeWhat = 'the device name of a bridge';
const markWhat = 'a mark from 1 to 0xffffffff';

export const hosts = z
  .record(
    name,
    oneOrMany(addressOf('an IPv4 or IPv6 address'), 'an address, or a list of one address per family'),
    expected('a map of host names to their addresses'),
  )
  .meta({
    title: 'hosts',
    description:
      'Nodes and gateways: a name of your choice, and the address by which the other hosts reach the machine (a list holds one address per family).',
    examples: [{ node1: '192.168.50.10', gw1: '192.168.50.2' }],
  });

/** A key apart from `subnets`: an engine may have a family that the file does not name. */
function blockOf(family: 4 | 6) {
  const sample = family === 4 ? 6 : 4;
  return z
    .literal('block', expected('block'))
    .exactOptional()
    .meta({
      title: `ipv${family}`,
      description: `block: IPv${family} packets from this network to the outside are dropped. Use it when the gateway has only IPv${sample}.`,
      examples: ['block'],
    });
}

export const networkShape = {
  engine: engineOf().meta({
    title: 'engine',
    description:
      'The program that creates the network. external: another program does, and mustredirect neither creates nor edits the network.',
  }),
  subnets: z
    .record(
      z.string(),
      oneOrMany(subnetOf('a subnet like 10.89.4.0/24'), 'a subnet, or a list of one subnet per family'),
      expected('a map of host names to the subnets that the network has there'),
    )
    .refine(
      (subnets) => Object.keys(subnets).length > 0,
      'expected at least one host with its subnet, found an empty map',
    )
    .meta({
      title: 'subnets',
      minProperties: 1,
      description:
        'Per node, the subnet that the network has there (a list holds one subnet per family). Subnets of the file must not overlap.',
      examples: [{ node1: '10.89.4.0/24' }],
    }),
  via: z.string(expected('the name of a gateway')).meta({
    title: 'via',
    description: 'Name of the gateway that the traffic of this network leaves by.',
    examples: ['office'],
  }),
  direct: z
    .array(subnetOf('a subnet like 192.168.50.0/24'), expected('a list of subnets'))
    .default([])
    .meta({
      title: 'direct',
      description:
        "Destination subnets that keep the host's own routing: they are reached without the gateway. Default: none.",
      examples: [['192.168.50.0/24']],
    }),
  dns: z
    .union(
      [
        z.enum(['engine', 'gateway']),
        addressOf(dnsWhat).transform((address) => [address]),
        z.array(addressOf('an IPv4 or IPv6 address')).min(1, `expected ${dnsWhat}, found an empty list`),
      ],
      expected(dnsWhat),
    )
    .default('engine')
    .meta({
      title: 'dns',
      description:
        'Name server of the containers. engine (the default): the one that the engine uses; most engines resolve DNS on the host, past the gateway. gateway: a name server on the gateway. An address (a list holds one per family): that name server, reached through the gateway.',
      examples: ['gateway', '9.9.9.9', ['9.9.9.9', '2620:fe::fe']],
    }),
  when_down: z
    .enum(['block', 'direct'], expected(whenDownWhat))
    .exactOptional()
    .meta({
      title: 'when_down',
      description:
        "What happens while no member of the gateway works. block (the default): traffic is blocked. direct: it leaves by the host's own routing, past the gateway, until a member works again. Needs `check` of the gateway, and `mustredirect agent` on the node.",
      examples: ['direct'],
    }),
  accept_replies: z
    .boolean(expected('true or false'))
    .exactOptional()
    .meta({
      title: 'accept_replies',
      description:
        'true: an iptables rule accepts replies from the gateway, which Docker 28.2 and later drop for a network that existed before apply.',
      examples: [true],
    }),
  bridge: deviceOf(bridgeWhat)
    .exactOptional()
    .meta({
      title: 'bridge',
      description:
        'For engine external: device name of the network bridge, so that the network is closed before the bridge exists. When left out, the bridge is found by its address in the subnet.',
      examples: ['virbr1'],
    }),
  ipv4: blockOf(4),
  ipv6: blockOf(6),
};

export const memberShape = {
  host: z.string(expected('the name of a host')).meta({
    title: 'host',
    description: 'Name of the host, from hosts.',
    examples: ['gw1'],
  }),
  weight: weightField,
};

export const gatewayShape = {
  snat: z
    .union(
      [
        z.enum(['masquerade', 'none']),
        addressOf(snatWhat).transform((address) => [address]),
        z.array(addressOf('an IPv4 or IPv6 address')).min(1, `expected ${snatWhat}, found an empty list`),
      ],
      expected(snatWhat),
    )
    .default('masquerade')
    .meta({
      title: 'snat',
      description:
        'Source address after the gateway. masquerade (the default): the address of the uplink. none: the address of the container. An address (a list holds one per family): that address.',
      examples: ['masquerade', 'none', '203.0.113.7', ['203.0.113.7', '2001:db8::7']],
    }),
  table: z
    .int(expected(tableWhat))
    .min(1, expected(tableWhat))
    .max(0xffffffff, expected(tableWhat))
    .refine((table) => !kernelTables.includes(table), {
      error: "253, 254 and 255 are the kernel's own tables: choose another, such as 0x888",
    })
    .exactOptional()
    .meta({
      title: 'table',
      description:
        'Number of the routing table on the nodes. When left out, a free number is chosen and kept.',
      examples: [0x888],
    }),
  mark: z
    .int(expected(markWhat))
    .min(1, expected(markWhat))
    .max(0xffffffff, expected(markWhat))
    .exactOptional()
    .meta({
      title: 'mark',
      description: 'Packet mark (fwmark) of this gateway. When left out, a free mark is chosen and kept.',
      examples: [0x888],
    }),
};
