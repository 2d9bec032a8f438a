/** Warnings about name resolution if the file has `dns:`. */
import type { NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';
import { engineQueriesGateway } from '../../nft/dns-redirect.ts';

export function nameServer(network: NodeNetwork, found: NetworkFacts | undefined): Warning[] {
  const { name, nameServers } = network;
  if (!nameServers || !found || engineQueriesGateway(network, found)) return [];
  if (found.resolvesOnHost) {
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

/** The engine may query a name server on the gateway itself, because no other path leads there. */
function keepNames({ name, nameServers = [], nextHops }: NodeNetwork): string {
  if (!nameServers.every((address) => nextHops.includes(address))) return '';
  const options = nameServers.map((address) => `--dns-add ${address}`).join(' ');
  return `with netavark, from podman 4.4 on, \`podman network update ${options} ${name}\` keeps the names; `;
}
