import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import type { Host } from '../host/ports.ts';
import { recordedHost } from '../engines/recorded-host.ts';
import type { AttachedContainer } from '../state/facts.ts';
import { findOtherDefaults } from './several-networks.ts';

const web = {
  name: 'web',
  engine: 'podman',
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: [],
} as const;
const role = {
  host: 'node1',
  addresses: [],
  gateways: [],
  networks: [{ ...web, subnets: ['10.89.4.0/24'] }],
};
const both: AttachedContainer = { name: 'both', running: true, pid: 41, networks: ['web', 'lan'] };

/** @param source what process 41's default route leaves with, of IPv4 */
function hostOf(source: string): Host {
  const inside = 'nsenter --net=/proc/41/ns/net -- ip -j route get';
  return recordedHost({
    answers: {
      [`${inside} 192.0.2.1`]:
        source === '' ? '[]' : JSON.stringify([{ dst: '192.0.2.1', dev: 'eth0', prefsrc: source }]),
      [`${inside} 3fff::1`]: '[]',
    },
  });
}

function findings(container: AttachedContainer, source: string) {
  const facts = givenFacts({ networks: [givenNetwork({ attached: [container] })] });
  return findOtherDefaults({ host: hostOf(source), role }, { facts });
}

describe('a container in several networks', () => {
  it.each([
    ['that leaves by the redirected one', both, '10.89.4.7'],
    ['that has no default route', both, ''],
    ['that does not run', { ...both, running: false, pid: 0 }, '10.77.0.2'],
    ['that is in no other', { name: 'both', running: true, pid: 41 }, '10.77.0.2'],
  ])('is all right: one %s', async (_, container, source) => {
    expect(await findings(container, source)).toEqual([]);
  });

  it('is a finding when it leaves by another one', async () => {
    expect(await findings(both, '10.77.0.2')).toEqual([
      {
        problem:
          'container both: it is in web and lan, and its default route leaves as 10.77.0.2, which is not redirected',
        remedy:
          'the engine chose it: let the container be in web alone, or write its other network into the file too',
      },
    ]);
  });

  it('is one finding when it is in two redirected networks, and leaves by a third', async () => {
    const container = { ...both, networks: ['web', 'two', 'lan'] };
    const facts = givenFacts({
      networks: [
        givenNetwork({ attached: [container] }),
        givenNetwork({ name: 'two', attached: [container] }),
      ],
    });
    const networks = [...role.networks, { ...web, name: 'two', subnets: ['10.89.5.0/24'] }];
    const found = await findOtherDefaults(
      { host: hostOf('10.77.0.2'), role: { ...role, networks } },
      { facts },
    );
    expect(found.map(({ remedy }) => remedy)).toEqual([
      'the engine chose it: let the container be in web, two alone, or write its other network into the file too',
    ]);
  });
});
