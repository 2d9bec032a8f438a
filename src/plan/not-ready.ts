/** Messages about networks and gateways that are closed because they are not ready. */
import { type Family } from '../address/cidr.ts';
import type { NotReady } from '../desired/redirect.ts';

/** `network web: docker 28.5.2 gave it 172.18.0.0/16, the file says 172.17.5.0/24: closed, not redirected` */
export function notReadyText({ message, family }: NotReady): string {
  return `${message}: ${family === undefined ? '' : `IPv${family} `}closed, not redirected`;
}

/** Messages about a network or gateway that apply to a family. */
export function notReadyOf(found: readonly NotReady[], what: string, family: Family): readonly NotReady[] {
  return found.filter((one) => one.what === what && (one.family === undefined || one.family === family));
}
