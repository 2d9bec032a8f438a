import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NetworkFacts } from '../../state/facts.ts';
import { recordedHost } from '../recorded-host.ts';
import { createDocker } from './index.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8').trimEnd();
}

const documented = fixture('documented-28.2-network-inspect.json');
const web = '6f71f7591dc0937162880060f992ab9267bb9665835335482451e4b6d4353fdc';
const old = 'f'.repeat(64);
const endpoints = [
  `${web} ${JSON.stringify({
    mustredirect: {
      Aliases: ['www', 'web.local', '6f71f7591dc0'],
      Links: ['db:database'],
      DriverOpts: { 'com.docker.network.endpoint.ifname': 'lan0' },
      IPAMConfig: { IPv4Address: '10.89.4.2', LinkLocalIPs: ['169.254.1.1'] },
      GwPriority: 5,
    },
  })}`,
  `${old} ${JSON.stringify({ mustredirect: { Aliases: null, IPAMConfig: { IPv4Address: '10.89.4.9' } } })}`,
].join('\n');
const containers = [
  { ID: web, Names: 'web', Networks: 'mustredirect', State: 'running' },
  { ID: old, Names: 'old', Networks: 'mustredirect', State: 'exited' },
];

async function read(info: string, inspected: string): Promise<NetworkFacts | undefined> {
  const outputs = {
    'docker info --format {{json .}}': info,
    'docker network inspect mustredirect': inspected,
    'docker ps --all --no-trunc --format {{json .}}': containers.map((one) => JSON.stringify(one)).join('\n'),
    [`docker inspect --format {{.Id}} {{.State.Pid}} ${web}`]: `${web} 433`,
    [`docker inspect --format {{.Id}} {{json .NetworkSettings.Networks}} ${web} ${old}`]: endpoints,
  };
  const network = { name: 'mustredirect', subnets: ['10.89.4.0/24'] };
  return (await createDocker({}).readNetworks(recordedHost({ outputs }), [network]))[0];
}

/** Documented network with other options. */
function withOptions(options: Readonly<Record<string, string>>): string {
  const [network] = JSON.parse(documented) as object[];
  return JSON.stringify([{ ...network, Options: options }]);
}

const mode = (family: 4 | 6) => `com.docker.network.bridge.gateway_mode_ipv${family}`;

describe('replies that docker drops', () => {
  it('are those from untrusted devices, since 28.2', async () => {
    const found = await read(fixture('documented-28.2-info.json'), documented);
    expect(found).toMatchObject({ backend: 'docker 28.2.2', bridge: 'br-web' });
    expect(found?.dropsReplies).toEqual({
      families: [4, 6],
      trusted: ['eth1'],
      iptables: true,
      remake: [
        'docker network disconnect mustredirect web',
        'docker network disconnect mustredirect old',
        'docker network rm mustredirect',
        "docker network create --label 'made by=some body' --ipv6 --subnet 10.89.4.0/24 --gateway 10.89.4.1 " +
          '--subnet fd00:4::/64 --gateway fd00:4::1 --opt com.docker.network.bridge.name=br-web ' +
          '--opt com.docker.network.bridge.trusted_host_interfaces=DEVICES mustredirect',
        'docker network connect --ip 10.89.4.2 --ip6 fd00:4::2 --alias www --alias web.local ' +
          '--link db:database --link-local-ip 169.254.1.1 ' +
          '--driver-opt com.docker.network.endpoint.ifname=lan0 --gw-priority 5 mustredirect web',
        'docker network connect --ip 10.89.4.9 mustredirect old',
      ],
    });
  });

  it('cannot be allowed with iptables when docker uses nft', async () => {
    const found = await read(fixture('documented-29-info-nftables.json'), documented);
    expect(found?.dropsReplies).toMatchObject({ iptables: false });
  });

  it.each([
    ['of both families in mode nat', { [mode(4)]: 'nat' }, [4, 6]],
    ['of IPv6 alone when IPv4 is in mode routed', { [mode(4)]: 'routed' }, [6]],
    [
      'none in modes nat-unprotected and routed',
      { [mode(4)]: 'nat-unprotected', [mode(6)]: 'routed' },
      undefined,
    ],
  ])('are %s', async (_, options, families) => {
    const found = await read(fixture('documented-28.2-info.json'), withOptions(options));
    expect(found?.dropsReplies?.families).toEqual(families);
  });

  it('are none before 28.2', async () => {
    expect(await read(fixture('info-20.10.24.json'), documented)).not.toHaveProperty('dropsReplies');
    const before = fixture('documented-28.2-info.json').replaceAll('28.2.2', '28.1.1');
    expect(await read(before, documented)).not.toHaveProperty('dropsReplies');
  });

  it('are known before the network is created, so that it is created with trusted devices', async () => {
    const found = await read(fixture('documented-28.2-info.json'), '[]');
    expect(found).toMatchObject({
      exists: false,
      dropsReplies: { families: [4, 6], trusted: [], iptables: true, remake: [] },
    });
    const made = { name: 'a', subnets: ['10.89.4.0/24'], trusted: ['eth0', 'eth1'] };
    expect(createDocker({}).createCommand(made)?.slice(-3)).toEqual([
      '--opt',
      'com.docker.network.bridge.trusted_host_interfaces=eth0:eth1',
      'a',
    ]);
  });
});
