/** The file that both hosts of a lab get. */
import type { LabEngine } from './engine.ts';
import { addresses, network } from './layout.ts';

export const filePath = '/etc/mustredirect/mustredirect.yaml';

export interface FileOptions {
  readonly snat?: string;
  readonly direct?: readonly string[];
}

export function exampleFile(
  engine: LabEngine,
  { snat = 'masquerade', direct = [] }: FileOptions = {},
): string {
  return `version: 1

hosts:
  node1: ${addresses.node1}
  gw1: ${addresses.gw1}

networks:
  ${network.name}:
    engine: ${engine === 'external' ? 'external' : 'podman'}
    subnets:
      node1: ${network.subnet}
    via: office
${direct.length > 0 ? `    direct: [${direct.join(', ')}]\n` : ''}
gateways:
  office:
    members:
      - host: gw1
        uplink: { device: uplink0, via: ${addresses.upstream} }
    snat: ${snat}
`;
}
