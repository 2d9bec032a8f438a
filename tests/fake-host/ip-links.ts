/** `ip link` and `ip address` of tunnels, and `ip route get`. */
import { contains, familyOf } from '../../src/address/cidr.ts';
import { allRoutes } from './ip-routes.ts';
import { type FakeIpTunnel, type FakeLink, type FakeState, type FakeTunnel, unknownToFake } from './state.ts';
import type { Words } from './words.ts';

/** Runs `link add`, `change`, `set` and `delete`; returns the error, or undefined on success. */
export function changeLink(state: FakeState, verb: string, words: Words): string | undefined {
  words.expect(verb === 'add' ? 'name' : 'dev');
  const name = words.next();
  const at = state.links.findIndex((link) => link.name === name);
  const link = state.links[at];
  if (verb === 'add') {
    words.expect('group');
    const group = words.next();
    if (link) return 'RTNETLINK answers: File exists';
    addLink(state, { name, up: false, addresses: [], pointToPoint: true, group, tunnel: readTunnel(words) });
    return undefined;
  }
  if (!link) return `Cannot find device "${name}"`;
  switch (verb) {
    case 'change':
      state.links = state.links.with(at, { ...link, tunnel: readTunnel(words) });
      return undefined;
    case 'set':
      if (words.take('alias')) {
        state.links = state.links.with(at, { ...link, alias: words.next() });
        words.end();
        return undefined;
      }
      words.expect('mtu');
      state.links = state.links.with(at, { ...link, mtu: Number(words.next()), up: words.next() === 'up' });
      words.end();
      // wg_open of drivers/net/wireguard/device.c
      if (link.tunnel?.type === 'wireguard' && state.links[at]?.up) {
        state.sysctls = new Map([...state.sysctls, ['/proc/sys/net/ipv4/conf/all/send_redirects', '0']]);
      }
      return undefined;
    case 'delete':
      words.end();
      removeLink(state, name);
      return undefined;
    default:
      return unknownToFake(`link ${verb}`);
  }
}

/** Runs `address add` and `delete`. */
export function changeAddress(state: FakeState, verb: string, words: Words): string | undefined {
  const address = words.next();
  words.expect('dev');
  const name = words.next();
  const noDad = words.take('nodad');
  words.end();
  if (verb !== 'add' && verb !== 'delete') return unknownToFake(`address ${verb}`);
  if (noDad !== (verb === 'add' && familyOf(address) === 6))
    return unknownToFake(`${address} nodad: ${noDad}`);
  const at = state.links.findIndex((link) => link.name === name);
  const link = state.links[at];
  if (!link) return `Cannot find device "${name}"`;
  if (link.addresses.includes(address) === (verb === 'add')) {
    return verb === 'add'
      ? 'RTNETLINK answers: File exists'
      : 'RTNETLINK answers: Cannot assign requested address';
  }
  const addresses =
    verb === 'add' ? [...link.addresses, address] : link.addresses.filter((one) => one !== address);
  state.links = state.links.with(at, { ...link, addresses });
  return undefined;
}

/** `ip -j route get ADDRESS`: the longest prefix of main. */
export function routeTo(state: FakeState, address: string): string | undefined {
  const family = familyOf(address);
  const [found] = allRoutes(state, family)
    .filter(({ table, type }) => table === 254 && type === 'unicast')
    .filter(({ destination }) => destination === 'default' || contains(destination, address))
    .sort((a, b) => length(b.destination) - length(a.destination));
  return found && JSON.stringify([{ dst: address, dev: found.device, gateway: found.via, flags: [] }]);
}

function length(destination: string): number {
  return destination === 'default' ? 0 : Number(destination.split('/')[1]);
}

/** Kinds of tunnels, and the words that they need, so that packets are carried as routers expect. */
const needed: Readonly<Record<FakeIpTunnel['type'], readonly string[]>> = {
  gre: ['pmtudisc'],
  sit: ['pmtudisc'],
  ip6gre: ['encaplimit', 'none'],
  ip6tnl: ['encaplimit', 'none'],
};

function readTunnel(words: Words): FakeTunnel {
  words.expect('type');
  const type = words.next() as FakeTunnel['type'];
  if (type === 'wireguard') {
    words.end();
    return { type, port: 40_000, peers: {} };
  }
  if (!Object.hasOwn(needed, type)) return unknownToFake(`link type ${type}`);
  if (type === 'sit' || type === 'ip6tnl') words.expect('mode', 'any');
  words.expect('local');
  const local = words.next();
  words.expect('remote');
  const remote = words.next();
  const key = words.take('key') ? Number(words.next()) : undefined;
  words.expect(type === 'gre' || type === 'sit' ? 'ttl' : 'hoplimit');
  const ttl = Number(words.next());
  words.expect(...needed[type]);
  words.end();
  return { type, local, remote, ttl, ...(key === undefined ? {} : { key }) };
}

function addLink(state: FakeState, link: FakeLink): void {
  state.links = [...state.links, link];
  // A new device has the values of `default`.
  const inherited = [...state.sysctls].flatMap(([path, value]) =>
    path.includes('/conf/default/') ? [[path.replace('/default/', `/${link.name}/`), value] as const] : [],
  );
  state.sysctls = new Map([...state.sysctls, ...inherited]);
}

function removeLink(state: FakeState, name: string): void {
  state.links = state.links.filter((link) => link.name !== name);
  state.routes = state.routes.filter(({ device }) => device !== name);
  state.sysctls = new Map([...state.sysctls].filter(([path]) => !path.includes(`/conf/${name}/`)));
}
