/** Network of CNI's bridge plugin, decoded from its configuration list. */
import type * as z from 'zod';
import type { Subnet } from '../../address/cidr.ts';
import { decodeValue } from '../decode.ts';
import { bridgelessNetwork, unusableNetwork } from '../unusable-network.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { ipMasqIn } from './ip-masq.ts';
import type { FoundConflist } from './read-folder.ts';
import { bridgeSchema } from './schema.ts';

export interface BridgeNetwork extends Pick<
  NetworkFacts,
  'unusable' | 'subnets' | 'bridge' | 'mtu' | 'nameServer' | 'masquerade'
> {
  /** folder of host-local's address files, when it differs from the default */
  readonly dataDir?: string;
}

/** @param brokenHint what the user can do about a plugin that fails to decode */
export function bridgeNetwork({ path, conflist }: FoundConflist, brokenHint: string): BridgeNetwork {
  const { plugins } = conflist;
  const bridges = plugins.filter(({ type }) => type === 'bridge');
  const [plugin] = bridges;
  const decode = (one: object): Plugin =>
    decodeValue(bridgeSchema, one, `${path}: bridge plugin`, brokenHint);
  if (!plugin || bridges.length > 1) {
    const types = plugins.map(({ type }) => type).join(', ');
    const what = `${path} has ${bridges.length} bridge plugins (${types})`;
    // Both plugins route container packets through this host.
    const passing = plugins.filter(({ type }) => type === 'bridge' || type === 'ptp').map(decode);
    if (passing.length === 0) return bridgelessNetwork(what);
    const named = plugin === undefined ? {} : { bridge: decode(plugin).bridge };
    return { ...unusableNetwork(what), subnets: subnetsOf(passing), ...named };
  }
  const bridge = decode(plugin);
  const leadsOutside = bridge.isGateway || bridge.isDefaultGateway;
  const { dataDir } = bridge.ipam;
  return {
    ...(leadsOutside ? {} : unusableNetwork(`${path} is internal: its isGateway is false`)),
    subnets: subnetsOf([bridge]),
    bridge: bridge.bridge,
    ...(bridge.mtu > 0 ? { mtu: bridge.mtu } : {}),
    ...(plugins.some(({ type }) => type === 'dnsname') ? { nameServer: { upstreams: [] } } : {}),
    masquerade: ipMasqIn(path, bridge.ipMasq),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}

type Plugin = z.infer<typeof bridgeSchema>;

function subnetsOf(plugins: readonly Plugin[]): Subnet[] {
  const all = plugins.flatMap(({ ipam: { subnet, ranges } }) => [
    ...(subnet ? [subnet] : []),
    ...ranges.flat().map((range) => range.subnet),
  ]);
  return [...new Set(all)];
}
