import { describe, expect, it } from 'vitest';
import type { BgpSettings } from '../../desired/bird/session-settings.ts';
import type { RoutingPacket } from '../../host/capture/routing/routing-packet.ts';
import type { TcpMessage } from '../../host/capture/routing/tcp.ts';
import { bgpFault } from './bgp-fault.ts';
import { bgpView } from './bgp-view.ts';
import type { Reached, SessionView } from './view.ts';

const [router, own] = ['172.31.0.1', '172.31.0.2'];
const settings: BgpSettings = {
  protocol: 'bgp',
  as: 65001,
  peerAs: 64496,
  port: 179,
  link: { device: 'eth1' },
  routerId: '192.168.50.2',
  bfd: false,
  ttlSecurity: false,
  wantsDefault: true,
};
const view: SessionView<BgpSettings> = {
  session: {
    name: 'uplink_member_office4',
    gateway: 'office',
    protocol: 'bgp',
    family: 4,
    neighbor: 'upstream router',
    address: router,
    refusal: '',
    settings,
  },
  settings,
  status: {
    gateway: 'office',
    neighbor: 'upstream router',
    protocol: 'bgp',
    family: 4,
    address: router,
    state: 'Active',
    up: false,
    accepted: 0,
    announced: 0,
    refused: 0,
  },
  link: { name: 'eth1', index: 3, ethernet: true, mtu: 1500, addresses: ['172.31.0.2/30'] },
  packets: [],
  watched: 8,
  messages: [],
  neighbors: {},
  bfd: {},
  withoutFamily: false,
  reached: new Map(),
};

function segment(direction: 'in' | 'out', message: Partial<TcpMessage>, ttl = 1): RoutingPacket {
  const [source, destination] = direction === 'in' ? [router, own] : [own, router];
  const ports = {
    sourcePort: direction === 'in' ? 179 : 40_000,
    destinationPort: direction === 'in' ? 40_000 : 179,
  };
  return {
    linkIndex: 3,
    direction,
    source,
    destination,
    ttl,
    message: { kind: 'tcp', flags: ['ack'], bgp: [], ...ports, ...message },
  };
}

const syn = segment('out', { flags: ['syn'] });
const synAck = segment('in', { flags: ['syn', 'ack'] }, 255);
const reached = (one: Reached) => new Map([[router, one]]);

function causeOf(more: Partial<SessionView<BgpSettings>>): string | undefined {
  return bgpFault(bgpView({ ...view, ...more }, router))?.cause;
}

describe('why a BGP session is not up', () => {
  it.each<[string, Partial<SessionView<BgpSettings>>, string | undefined]>([
    [
      'a NOTIFICATION',
      {
        packets: [
          syn,
          synAck,
          segment('in', {
            bgp: [{ type: 'notification', code: 6, subcode: 2, text: 'Cease: Administrative Shutdown' }],
          }),
        ],
      },
      'it ends the session with the NOTIFICATION "Cease: Administrative Shutdown"',
    ],
    ['a silent daemon', { packets: [syn, synAck] }, 'it accepts the TCP connection, and says nothing'],
    [
      'no answer to a signed SYN, but to a plain connection',
      {
        settings: { ...settings, passwordFile: '/etc/p' },
        password: 'secret',
        packets: [syn, syn],
        reached: reached({ ping: true, resolved: true, connection: 'refused' }),
      },
      'nothing listens on TCP port 179 of 172.31.0.1: it answers SYN with RST',
    ],
    [
      'no answer at all',
      { packets: [syn, syn], reached: reached({ ping: false, resolved: true }) },
      '172.31.0.1 answers neither TCP port 179 nor ping',
    ],
    [
      'SYN of the router only',
      { packets: [syn, segment('in', { flags: ['syn'] })] },
      '172.31.0.1 opens connections, and does not answer those of this host to its TCP port 179',
    ],
    [
      'no address on the link',
      { link: { name: 'eth1', index: 3, ethernet: true, addresses: [] } },
      'eth1 has no address on the link of 172.31.0.1',
    ],
    ['nothing that is known', {}, undefined],
  ])('%s', (_, more, cause) => {
    expect(causeOf(more)).toBe(cause);
  });

  it.each([
    [
      'BGP Error: Bad peer AS',
      'Error: Bad peer AS: 64497',
      'it says that it is in AS 64497, and the file has `peer_as: 64496`',
    ],
    [
      'Received: Bad peer AS',
      'Received: Bad peer AS: 65001',
      'it refuses AS 65001, which is `as:` of the file (NOTIFICATION: Bad Peer AS)',
    ],
    [
      'Socket: Connection refused',
      '',
      'nothing listens on TCP port 179 of 172.31.0.1: it answers SYN with RST',
    ],
    ['Received: Hold timer expired', '', 'it ends the session with the NOTIFICATION "Hold timer expired"'],
  ])('by the words of BIRD, without a capture: %s', (error, message, cause) => {
    const { packets: _, ...rest } = view;
    const status = { ...view.status, error };
    const fault = bgpFault(bgpView({ ...rest, status, messages: message === '' ? [] : [message] }, router));
    expect(fault?.cause).toBe(cause);
  });

  it('is not an error of a former fault, when packets tell another', () => {
    const status = { ...view.status, error: 'Error: Bad peer AS: 64497' };
    expect(causeOf({ status, packets: [syn, segment('in', { flags: ['rst', 'ack'] })] })).toMatch(
      /^nothing listens/,
    );
  });
});
