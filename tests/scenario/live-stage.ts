/** Test host for a scenario: real kernel, with the scenario's links, rules and routes. */
import { dirname } from 'node:path';
import { families } from '../../src/address/cidr.ts';
import { createExec } from '../../src/host/process/exec.ts';
import { createFiles } from '../../src/host/files/files.ts';
import type { Host } from '../../src/host/ports.ts';
import { endHolders, startHolder } from '../../src/lab/holder.ts';
import { type TestHost, enterHost } from '../../src/lab/test-host.ts';
import { type Stage, ledgerPath } from './play.ts';
import type { Scenario } from './scenario.ts';

export interface LiveStage extends Stage, AsyncDisposable {}

const machine: Host = { exec: createExec(), files: createFiles() };

/** @param lab name that no other test uses */
export async function setLiveStage(scenario: Scenario, lab: string): Promise<LiveStage> {
  const sysctls = {
    'net/ipv4/ip_forward': '0',
    'net/ipv6/conf/all/forwarding': '0',
    // Addresses are usable without duplicate address detection, since no other host exists.
    'net/ipv6/conf/default/accept_dad': '0',
    ...scenario.sysctls,
  };
  const lines = Object.entries(sysctls).map(([path, value]) => `${path} ${value}`);
  const { pid } = await startHolder(machine.files, { lab, host: 'host', sysctls: lines });
  const host = enterHost(machine.exec, 'host', pid);
  await host.run(['ip', '-batch', '-'], {
    input: groundLines(scenario)
      .map((line) => `${line}\n`)
      .join(''),
  });
  return {
    host,
    dump: () => read(host, [...readings, ['nft', 'list', 'ruleset']]),
    trace: () => read(host, [...readings, ['nft', '-a', 'list', 'ruleset']]),
    setContainers() {
      if (scenario.podman) throw new Error('podman is not played live');
    },
    [Symbol.asyncDispose]: () => endHolders(machine, lab),
  };
}

/** Bridges stand in for links with neighbours: only addresses and link state matter. */
function groundLines({ links, routes, rules }: Scenario): string[] {
  return [
    ...Object.entries(links).flatMap(([name, { addresses, up, pointToPoint }]) => [
      pointToPoint ? `tuntap add ${name} mode tun` : `link add ${name} type bridge`,
      ...addresses.map((address) => `address add ${address} dev ${name}`),
      ...(up ? [`link set ${name} up`] : []),
    ]),
    ...routes.map((route) => `route add ${route}`),
    ...rules.map((rule) => `rule add ${rule}`),
  ];
}

const settings = ['ipv4/ip_forward', 'ipv[46]/conf/*/forwarding', 'ipv[46]/conf/*/accept_redirects'];

const readings: readonly (readonly string[])[] = [
  ...families.flatMap((family) => [
    ['ip', `-${family}`, 'rule', 'show'],
    ['ip', `-${family}`, 'route', 'show', 'table', 'all'],
  ]),
  ['ip', 'xfrm', 'policy', 'list'],
  ['sh', '-c', `cd /proc/sys/net && grep . ${settings.join(' ')}`],
  // Our state folder, which does not exist before.
  ['find', dirname(ledgerPath), '-printf', '%p %s %T@\\n'],
];

async function read(host: TestHost, commands: readonly (readonly string[])[]): Promise<string> {
  const outputs = await Promise.all(commands.map((argv) => host.exec.run(argv)));
  return outputs.map(({ stdout }) => stdout).join('\n');
}
