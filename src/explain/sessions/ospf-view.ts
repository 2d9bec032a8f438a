/** An OSPF neighbour, with the packets of both sides. */
import type { Address } from '../../address/cidr.ts';
import type { OspfSettings } from '../../desired/bird/session-settings.ts';
import type { OspfHello, OspfMessage } from '../../host/capture/routing/ospf.ts';
import { type SessionView, isOfFile } from './view.ts';

/** One neighbour: with a router that we do not manage, whoever speaks on the link. */
export interface OspfView extends SessionView<OspfSettings> {
  /** host of the file; absent: the upstream router */
  readonly host?: { readonly host: string; readonly id: string; readonly address: Address };
  readonly received: readonly Heard[];
  /** packets of all others on the link */
  readonly others: readonly Heard[];
  /** own packets on the link */
  readonly sent: readonly Heard[];
}

export interface Heard extends OspfMessage {
  readonly source: Address;
  readonly ttl: number;
}

export function ospfView(view: SessionView<OspfSettings>, host?: OspfView['host']): OspfView {
  const version = view.session.family === 4 ? 2 : 3;
  const heard = (wanted: 'in' | 'out'): Heard[] =>
    (view.packets ?? []).flatMap(({ direction, source, ttl, message }) =>
      direction === wanted && message.kind === 'ospf' && message.version === version
        ? [{ ...message, source, ttl }]
        : [],
    );
  const isFrom = ({ router, source }: Heard): boolean =>
    !host || router === host.id || source === host.address;
  const others = heard('in');
  return { ...view, ...(host ? { host } : {}), others, received: others.filter(isFrom), sent: heard('out') };
}

/** `router 9.9.9.9 (172.31.0.1)` */
export function nameOf({ host, received }: OspfView): string {
  if (host) return host.host;
  const last = received.at(-1);
  return last ? `router ${last.router} (${last.source})` : 'the upstream router';
}

export function lastHello({ received }: Pick<OspfView, 'received'>): OspfHello | undefined {
  return received.findLast(({ hello }) => hello)?.hello;
}

export function sameFile({ session }: OspfView, what: string): string {
  return isOfFile(session)
    ? `${what} must be the same there: give it the same file, and run \`mustredirect apply\` on both`
    : `${what} must be the same on both sides: change the file, or the router`;
}
