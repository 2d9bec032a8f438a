/** Roles and addresses in the hostile container's world. */
import type { Address, Family, Subnet } from '../../../src/address/cidr.ts';
import { addressesOf, subnetOf } from '../../../src/lab/layout.ts';

/** ports of the node, each of which leads to port 80 of a container */
export const published = { own: 8081, post: 8082, plain: 8083, evil: 8084 } as const;

/** last part of each container's addresses, in start order */
const first = { 4: '2', 6: '2' } as const;

export interface Scene {
  readonly family: Family;
  readonly addresses: Readonly<Record<Role, Address>>;
  readonly subnets: Readonly<Record<NetworkName, Subnet>>;
}

/**
 * `web` is the hostile container's network; `near` has the same gateway, `post` another one, and `plain` is not
 * redirected. `web` and `post` each have a direct destination.
 */
export const networkNames = ['web', 'near', 'post', 'plain'] as const;
export type NetworkName = (typeof networkNames)[number];

export const roles = [
  'own',
  'same network',
  'own bridge',
  'near',
  'near bridge',
  'post',
  'post bridge',
  'plain',
  'plain bridge',
  'node',
  'gateway',
  'other gateway',
  'isp',
  'neighbour',
  'outside',
  'isp only',
  'direct',
  'direct of post',
  'private',
  'unspecified',
  'loopback',
  'multicast',
  'link multicast',
  'link-local',
  'martian',
  'broadcast',
  'LAN broadcast',
  'own broadcast',
  'post broadcast',
] as const;
export type Role = (typeof roles)[number];

/** Addresses in addition to those of the lab. */
export const more = {
  4: {
    gw2: '192.168.50.3',
    neighbour: '192.168.50.4',
    uplink2: '172.31.1.2',
    upstream2: '172.31.1.1',
    lengths: { lan: 24, uplink: 30, host: 32 },
    near: '10.89.6.0/24',
    post: '10.89.5.0/24',
    plain: '10.77.0.0/24',
    ispOnly: '203.0.113.77',
    direct: '198.18.7.9',
    directOfPost: '198.51.100.9',
  },
  6: {
    gw2: '2001:db8:50::3',
    neighbour: '2001:db8:50::4',
    uplink2: '2001:db8:32::2',
    upstream2: '2001:db8:32::1',
    lengths: { lan: 64, uplink: 64, host: 128 },
    near: '2001:db8:89:6::/64',
    post: '2001:db8:89:5::/64',
    plain: '2001:db8:77::/64',
    ispOnly: '2001:db8:113::77',
    direct: '2001:db8:d1::9',
    directOfPost: '2001:db8:d2::9',
  },
} as const;

export function sceneOf(family: Family): Scene {
  const { node1, gw1, isp, internet } = addressesOf(family);
  const { near, post, plain, ...own } = more[family];
  const subnets = { web: subnetOf(family), near, post, plain };
  return {
    family,
    subnets,
    addresses: {
      own: addressIn(subnets.web, first[family]),
      'same network': addressIn(subnets.web, '3'),
      'own bridge': addressIn(subnets.web, '1'),
      near: addressIn(near, first[family]),
      'near bridge': addressIn(near, '1'),
      post: addressIn(post, first[family]),
      'post bridge': addressIn(post, '1'),
      plain: addressIn(plain, first[family]),
      'plain bridge': addressIn(plain, '1'),
      node: node1,
      gateway: gw1,
      'other gateway': own.gw2,
      isp,
      neighbour: own.neighbour,
      outside: internet,
      'isp only': own.ispOnly,
      direct: own.direct,
      'direct of post': own.directOfPost,
      ...special[family],
      ...broadcastsOf(family, post),
    },
  };
}

const special = {
  4: {
    private: '10.200.0.1',
    unspecified: '0.0.0.0',
    loopback: '127.0.0.1',
    multicast: '239.1.2.3',
    'link multicast': '224.0.0.1',
    'link-local': '169.254.7.7',
    martian: '240.0.0.1',
  },
  6: {
    private: 'fd12:3456::1',
    unspecified: '::',
    loopback: '::1',
    multicast: 'ff0e::1234',
    'link multicast': 'ff02::1',
    'link-local': 'fe80::bad:1',
    martian: '::ffff:198.51.100.77',
  },
} as const;

/**
 * IPv6 has no broadcast: the anycast address of a subnet's routers and a site-wide multicast group are used instead.
 */
function broadcastsOf(family: Family, post: Subnet) {
  return family === 4
    ? {
        broadcast: '255.255.255.255',
        'LAN broadcast': '192.168.50.255',
        'own broadcast': addressIn(subnetOf(4), '255'),
        'post broadcast': addressIn(post, '255'),
      }
    : {
        broadcast: 'ff05::1',
        'LAN broadcast': '2001:db8:50::',
        'own broadcast': addressIn(subnetOf(6), '0'),
        'post broadcast': addressIn(post, '0'),
      };
}

/** @param subnet a /24, or a /64 that ends in `::` */
function addressIn(subnet: Subnet, last: string): Address {
  return subnet.includes(':')
    ? subnet.replace(/\/64$/, last === '0' ? '' : last)
    : subnet.replace(/\d+\/24$/, last);
}
