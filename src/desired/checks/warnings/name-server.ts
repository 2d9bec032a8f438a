/** Warnings about name resolution when the file has `dns:`. */
import type { NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';
import { isAskedByEngine } from '../../nft/dns-redirect.ts';

export function nameServer(network: NodeNetwork, found: NetworkFacts | undefined): Warning[] {
  const { name, nameServers } = network;
  if (!nameServers || !found || isAskedByEngine(network, found)) return [];
  if (found.asksFromHost) {
    return [
      {
        message: `network ${name}: ${found.backend} sends DNS queries of its containers from this host, past the gateway, and not to ${nameServers.join(', ')}`,
        hint: `start its containers with ${nameServers.map((address) => `\`--dns ${address}\``).join(' ')}: their queries then go through the gateway`,
      },
    ];
  }
  if (!found.nameServer) return [];
  return [
    {
      message: `network ${name}: its containers cannot resolve each other’s names: their DNS queries go to ${nameServers.join(', ')}, and not to the name server of ${found.backend}`,
      hint: `${keepNames(network)}to do without container names, recreate the network with \`--disable-dns\``,
    },
  ];
}

/** Where the gateway itself is asked, the engine may do it: no other way leads there. */
function keepNames({ name, nameServers = [], nextHops }: NodeNetwork): string {
  if (!nameServers.every((address) => nextHops.includes(address))) return '';
  const options = nameServers.map((address) => `--dns-add ${address}`).join(' ');
  return `with netavark, from podman 4.4 on, \`podman network update ${options} ${name}\` keeps the names; `;
}
