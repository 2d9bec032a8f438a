/** File with many networks, and output of its hosts. */
import { emptyLedger } from '../../src/state/ledger.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { Spec } from '../../src/spec/spec.ts';
import type { Facts } from '../../src/state/facts.ts';
import { givenFacts } from '../given/facts.ts';

const nodes = 5;

/** Subnets that do not merge, on some nodes. */
export function subnetAt(i: number): string {
  return `10.${(i * 2) >> 8}.${(i * 2) & 255}.0/24`;
}

/** @param via gateway of each network */
export function manyNetworks(size: number, via = 'office'): string {
  const networks = Array.from({ length: size }, (_, i) => {
    return `  net${i}:\n    engine: external\n    subnets:\n      node${i % nodes}: ${subnetAt(i)}\n    via: ${via}\n`;
  });
  const hosts = Array.from({ length: nodes }, (_, i) => `  node${i}: 192.168.50.${20 + i}\n`);
  return `version: 1
hosts:
  gw1: 192.168.50.10
${hosts.join('')}networks:
${networks.join('')}gateways:
  office:
    members:
      - host: gw1
        uplink: { device: eth1 }
`;
}

export function specOf(text: string): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
}

export function gatewayFacts(owned: Facts['owned'] = []): Facts {
  const { links } = givenFacts();
  return givenFacts({
    links: [...links, { name: 'eth1', index: 3, ethernet: true, addresses: ['172.31.0.1/24'] }],
    ledger: { ...emptyLedger, gateways: { office: { table: 2184, mark: 2184 } } },
    owned,
  });
}
