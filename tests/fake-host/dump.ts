/** Dumps the fake host as text for comparison: everything that a run may change, except flows. */
import { printRoute } from './ip-routes.ts';
import { printRule } from './ip-rules.ts';
import { printPolicy } from './ip-xfrm.ts';
import type { FakeState } from './state.ts';

export function dumpState({
  links,
  rules,
  routes,
  policies,
  nft,
  sysctls,
  files,
  iptables,
  docker,
  bird,
}: FakeState): string {
  return [
    ...links.map((link) => `link ${JSON.stringify(link)}`).sort(),
    // Sorted by preference. Rules with the same one are a set: in a final state, no two of them match the same
    // packet.
    ...rules
      .toSorted((a, b) => a.preference - b.preference || (printRule(a) < printRule(b) ? -1 : 1))
      .map(printRule),
    ...routes.map(printRoute).sort(),
    ...policies.map(printPolicy).sort(),
    ...(nft ? ['nft table'] : []),
    ...[...(nft?.sets ?? [])]
      .map(([name, { type, counted, verdicts, elements }]) =>
        [
          `nft ${verdicts ? 'map' : 'set'} ${name} ${type.join(' . ')}${counted ? ' counter' : ''}:`,
          ...[...elements].sort(),
        ].join(' '),
      )
      .sort(),
    ...[...(nft?.chains ?? [])]
      .map(([name, { hook, rules: own }]) =>
        [
          // Chains of a dormant table are not attached to hooks.
          `nft chain ${name} ${hook && !nft?.dormant ? Object.values(hook).join(' ') : ''}`,
          ...own,
        ].join('\n  '),
      )
      .sort(),
    ...(docker?.networks ?? []).map((network) => `docker network ${JSON.stringify(network)}`).sort(),
    ...(bird === undefined ? [] : [`bird ${JSON.stringify(bird)}`]),
    ...[...iptables].map(([chain, own]) => [`iptables ${chain}`, ...inOrder(own)].join('\n  ')).sort(),
    ...[...sysctls].map(([path, value]) => `${path} = ${value}`).sort(),
    ...[...files].map(([path, content]) => `file ${path}: ${printContent(path, content)}`).sort(),
  ].join('\n');
}

/** All of our iptables rules accept, so their order does not matter. */
function inOrder(rules: readonly string[]): string[] {
  const isOurs = (rule: string): boolean => rule.includes('--comment mustredirect');
  return [...rules.filter(isOurs).sort(), ...rules.filter((rule) => !isOurs(rule))];
}

/** The order of keys in our own state files does not matter. */
function printContent(path: string, content: string): string {
  if (!path.startsWith('/var/lib/') || !path.endsWith('.json')) return JSON.stringify(content);
  return JSON.stringify(JSON.parse(content), (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
