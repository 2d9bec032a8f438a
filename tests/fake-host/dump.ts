/** The fake host as text, for comparison: everything that a run may change, but the flows that it forgets. */
import { printRoute } from './ip-routes.ts';
import { printRule } from './ip-rules.ts';
import type { FakeState } from './state.ts';

export function dumpState({ rules, routes, nft, sysctls, files }: FakeState): string {
  return [
    // In their own order: that of rules with the same preference counts.
    ...rules.map(printRule),
    ...routes.map(printRoute).sort(),
    ...(nft ? ['nft table'] : []),
    ...[...(nft?.sets ?? [])]
      .map(([name, { type, counted, elements }]) =>
        [`nft set ${name} ${type.join(' . ')}${counted ? ' counter' : ''}:`, ...[...elements].sort()].join(
          ' ',
        ),
      )
      .sort(),
    ...[...(nft?.chains ?? [])]
      .map(([name, { hook, rules: own }]) =>
        [`nft chain ${name} ${hook ? Object.values(hook).join(' ') : ''}`, ...own].join('\n  '),
      )
      .sort(),
    ...[...sysctls].map(([path, value]) => `${path} = ${value}`).sort(),
    ...[...files].map(([path, content]) => `file ${path}: ${JSON.stringify(content)}`).sort(),
  ].join('\n');
}
