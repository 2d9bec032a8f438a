/** Texts for the upstream router of docs/guides/routing that nobody runs here: what `render --far-end` prints for gw1. */
import { readFileSync } from 'node:fs';
import { upstreamRouters } from '../../src/explain/routers/upstream-routers.ts';
import { renderUpstream } from '../../src/explain/routers/render-routers.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { hostRole } from '../../src/topology/topology.ts';

const folder = new URL('../../docs/guides/routing/', import.meta.url);

export const routerTexts = ['bgp', 'ospf'].flatMap((protocol) =>
  (['routeros', 'vyos', 'ios'] as const).map((system) => ({ protocol, system })),
);

/** @param protocol with the upstream router */
export function routerText(protocol: string, system: 'routeros' | 'vyos' | 'ios'): string {
  const parsed = parseSpec(readFileSync(new URL(`${protocol}/mustredirect.yaml`, folder), 'utf8'));
  if (parsed.kind !== 'spec') throw new Error(`${protocol}/mustredirect.yaml has errors`);
  const role = hostRole(parsed.spec, 'gw1');
  const links = [
    { name: 'eth1', index: 3, ethernet: true, addresses: ['172.31.0.2/30', '2001:db8:31::2/64'] },
  ];
  return `${upstreamRouters(role, { links })
    .map((router) => renderUpstream(system, router))
    .join('\n\n')}\n`;
}
