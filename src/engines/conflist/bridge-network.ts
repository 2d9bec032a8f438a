/** A network of CNI's bridge plugin, as its configuration list says. */
import { decodeValue } from '../decode.ts';
import { unfitNetwork } from '../unfit-network.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { ipMasqIn } from './ip-masq.ts';
import type { FoundConflist } from './read-folder.ts';
import { bridgeSchema } from './schema.ts';

export interface BridgeNetwork extends Pick<NetworkFacts, 'subnets' | 'mtu' | 'nameServer' | 'masquerade'> {
  readonly bridge: string;
  /** where host-local keeps who has which address, where it is not in its own folder */
  readonly dataDir?: string;
}

/**
 * Throws when it is not one that can be redirected.
 * @param brokenHint what to do about a plugin that cannot be understood
 */
export function bridgeNetwork({ path, conflist }: FoundConflist, brokenHint: string): BridgeNetwork {
  const { name, plugins } = conflist;
  const bridges = plugins.filter(({ type }) => type === 'bridge');
  const [plugin] = bridges;
  if (!plugin || bridges.length > 1) {
    const types = plugins.map(({ type }) => type).join(', ');
    throw unfitNetwork(name, `${path} has ${bridges.length} bridge plugins (${types})`);
  }
  const bridge = decodeValue(bridgeSchema, plugin, `${path}: bridge plugin`, brokenHint);
  if (!bridge.isGateway && !bridge.isDefaultGateway) {
    throw unfitNetwork(name, `${path} is internal: its isGateway is false`);
  }
  const { subnet, ranges, dataDir } = bridge.ipam;
  return {
    subnets: [...new Set([...(subnet ? [subnet] : []), ...ranges.flat().map((range) => range.subnet)])],
    bridge: bridge.bridge,
    ...(bridge.mtu > 0 ? { mtu: bridge.mtu } : {}),
    ...(plugins.some(({ type }) => type === 'dnsname') ? { nameServer: { asks: [] } } : {}),
    masquerade: ipMasqIn(path, bridge.ipMasq),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}
