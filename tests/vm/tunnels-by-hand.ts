/** The recipe of DESIGN 1, by hand, with an uplink that is a tunnel made by hand: the reference for mustredirect. */
import type { Family } from '../../src/address/cidr.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { deviceOf, families, innerPrefix, subnetsOf, tunnels } from './tunnel.ts';

/** Redirects the networks of all tunnels, and returns what takes everything away again. */
export async function redirectTunnelsByHand({ hosts: { node1, gw1 } }: World): Promise<() => Promise<void>> {
  const onNode = inBothFamilies(nodeCommands);
  const onGateway = [...tunnels.flatMap(deviceCommands), ...inBothFamilies(gatewayCommands)];
  await shell(node1, ['nft list ruleset >/run/before.nft', ...onNode]);
  await shell(gw1, onGateway);
  return async () => {
    await shell(node1, [...inversesOf(onNode), 'nft flush ruleset', 'nft -f /run/before.nft']);
    await shell(gw1, [...inversesOf(onGateway), 'nft flush ruleset']);
  };
}

function inBothFamilies(commands: (index: number, family: Family) => readonly string[]): string[] {
  return tunnels.flatMap((_, index) => families.flatMap((family) => commands(index, family)));
}

/** Its masquerade stopped, a mark in `raw`, a rule, and a default in a table of its own. */
function nodeCommands(index: number, family: Family): readonly string[] {
  const { ip, iptables, subnet, table } = namesOf(index, family);
  return [
    `nft delete table ${family === 4 ? 'ip' : 'ip6'} lab-mr${index}`,
    `${iptables} -t raw -A PREROUTING -s ${subnet} -j MARK --set-mark ${table}`,
    `${ip} rule add fwmark ${table} lookup ${table}`,
    `${ip} route add default via ${addressesOf(family).gw1} table ${table}`,
  ];
}

/** The route back, the rule and the default, masquerade, and segments that fit. */
function gatewayCommands(index: number, family: Family): readonly string[] {
  const { ip, iptables, subnet, table } = namesOf(index, family);
  const device = deviceOf(index);
  const forwarding = family === 4 ? 'ipv4.ip_forward' : 'ipv6.conf.all.forwarding';
  return [
    `sysctl -qw net.${forwarding}=1`,
    `${ip} route add ${subnet} via ${addressesOf(family).node1}`,
    `${ip} rule add from ${subnet} lookup ${table}`,
    `${ip} route add default dev ${device} table ${table}`,
    `${iptables} -t nat -A POSTROUTING -o ${device} -j MASQUERADE`,
    `${iptables} -t mangle -A FORWARD -o ${device} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`,
  ];
}

function deviceCommands({ byHand }: (typeof tunnels)[number], index: number): readonly string[] {
  const device = deviceOf(index);
  const [link = '', ...more] = byHand.map((line) => line.replaceAll('DEVICE', device));
  return [
    `ip ${link}`,
    ...more,
    ...families.map((family) => `ip address add ${innerPrefix(index, family, 'gw1')} dev ${device}`),
    `ip link set ${device} up`,
  ];
}

function namesOf(
  index: number,
  family: Family,
): { ip: string; iptables: string; subnet: string; table: number } {
  const [four, six] = subnetsOf(index);
  const table = 1000 + index;
  return family === 4
    ? { ip: 'ip', iptables: 'iptables', subnet: four, table }
    : { ip: 'ip -6', iptables: 'ip6tables', subnet: six, table };
}

/** Commands that undo others. Objects that go with their device, or by a flush of nftables, have none. */
function inversesOf(commands: readonly string[]): string[] {
  return commands.toReversed().flatMap((command) => {
    if (command.startsWith('sysctl')) return [command.replace(/1$/, '0')];
    if (/ rule add | route add .* via /.test(command)) return [command.replace(' add ', ' delete ')];
    return command.includes(' link add ') ? [`ip link delete ${/link add (\S+)/.exec(command)?.[1]}`] : [];
  });
}

async function shell(host: TestHost, commands: readonly string[]): Promise<void> {
  await host.run(['sh', '-e'], { input: `${commands.join('\n')}\n` });
}
