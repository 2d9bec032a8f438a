/** Software of a router: how a router's configuration is written there. */
import { type Family, anywhere } from '../../address/cidr.ts';
import type { Router } from './router.ts';

export interface RouterSystem {
  /** name and version for the headline */
  readonly name: string;
  readonly comment: '#' | '!';
  /** a text: why there is no configuration */
  readonly configure: (router: Router) => readonly string[] | string;
}

/**
 * Where the default comes from that a router announces: `network`, a route of its own or by OSPF; `learned`, by BGP;
 * `originated`, the router has one that the file does not know.
 */
export function defaultOrigin(
  { routes, links, sessions }: Router,
  family: Family,
): 'network' | 'learned' | 'originated' {
  const all = anywhere[family];
  const accepts = ({ accepted }: { readonly accepted: readonly string[] }): boolean => accepted.includes(all);
  if (routes.some(({ subnet }) => subnet === all) || links.some(accepts)) return 'network';
  return sessions.some(accepts) ? 'learned' : 'originated';
}

export function renderRouter({ name, comment, configure }: RouterSystem, router: Router): string {
  const made = configure(router);
  const head = [router.title, `for ${name}`, ...router.notes];
  const comments = (lines: readonly string[]): string[] => lines.map((line) => `${comment} ${line}`);
  if (typeof made === 'string') return comments([...head.slice(0, 2), made]).join('\n');
  return [...comments(head), ...made].join('\n');
}
