/** Events in words. Pure. */
import type { AgentEvent, OfGateway } from './agent-event.ts';

/** One line, which begins with what the event is about. */
export function eventText(event: AgentEvent): string {
  return oneLine(textOf(event));
}

export function oneLine(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(unprintable, '\uFFFD');
}

/** One line without control characters: a text may hold output of an engine, which must not affect a terminal. */
const unprintable = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

function textOf(event: AgentEvent): string {
  switch (event.kind) {
    case 'started':
      return `holds ${event.host} to ${event.file} (mustredirect ${event.version})`;
    case 'stopped':
      return `ends, and no longer holds ${event.host}; nothing on this host is changed by that`;
    case 'state':
      return event.healthy
        ? 'this host is as the file says'
        : `this host is not as the file says: ${event.reasons.join('; ')}`;
    case 'read':
      return `read ${event.whole ? 'the whole host' : 'what may have changed'} in ${event.took} ms`;
    case 'drift':
      return `differs from the file: ${event.what}`;
    case 'repair':
      return `repaired in ${event.took} ms: ${event.what}`;
    case 'failure':
      return `failed, and is tried again: ${event.error}`;
    case 'recovery':
      return `reading this host works again, after ${counted(event.failures, 'failure')}`;
    case 'rest':
      return event.why;
    case 'file':
      return fileText(event);
    case 'member':
    case 'failover':
    case 'outage':
      return `${gatewayText(event)} ${gatewayChangeText(event)}`;
    case 'report':
    case 'program':
    case 'routes':
    case 'flow-log':
    case 'log':
    case 'api':
    case 'run':
      return partText(event);
  }
}

type PartKind = 'report' | 'program' | 'routes' | 'flow-log' | 'log' | 'api' | 'run';

function partText(event: Extract<AgentEvent, { kind: PartKind }>): string {
  switch (event.kind) {
    case 'report':
      return event.over ? `no longer: ${event.text}` : event.text;
    case 'program':
      return `${event.program} (${event.does}) has ended, and is started again: ${event.error}`;
    case 'routes':
      return `the member in use cannot be changed at once, and a repair follows: ${event.error}`;
    case 'flow-log':
      return `flow log${event.gateway === undefined ? '' : ` of gateway ${event.gateway}`}: ${event.text}`;
    case 'log':
      return `log of the agent: ${event.text}`;
    case 'api':
      return event.text;
    case 'run':
      return event.label === undefined || event.label === 'note'
        ? event.text
        : `${event.label}: ${event.text}`;
  }
}

function fileText({ wanted, inForce, problem, mended }: Extract<AgentEvent, { kind: 'file' }>): string {
  if (problem !== undefined) return `${problem.trim()}; what was applied last stays in force`;
  const begin = mended ? 'the file is good again: ' : '';
  if (wanted === undefined) return `${begin}nothing is applied, and no file is held`;
  if (wanted === inForce) return `${begin}file sha256 ${short(wanted)} is in force`;
  return `${begin}file has changed: sha256 ${short(wanted)}${inForce === undefined ? '' : `, in force is ${short(inForce)}`}`;
}

/** The first digits of a hash, as in `history`. */
function short(hash: string): string {
  return hash.slice(0, 12);
}

function gatewayText({ gateway, family }: OfGateway): string {
  return `gateway ${gateway}: IPv${family}`;
}

function gatewayChangeText(event: Extract<AgentEvent, { kind: 'member' | 'failover' | 'outage' }>): string {
  if (event.kind === 'member') return memberText(event);
  const took = event.took === undefined ? '' : ` (in ${event.took} ms)`;
  if (event.kind === 'failover') return `${event.change}${took}`;
  if (event.why === undefined) return `leaves by ${event.used ?? 'a member'} again, and not directly${took}`;
  return `of ${someOf(event.networks)} leaves directly: ${event.why}${took}`;
}

function memberText(event: Extract<AgentEvent, { kind: 'member' }>): string {
  const { member, state, fault, drained, drainedByItself, givenBack } = event;
  const by = drainedByItself ? ', as it says itself' : '';
  if (drained) return `member ${member} is drained${by}`;
  const back = givenBack ? ' is given back, and' : '';
  switch (state) {
    case 'up':
      return `member ${member}${back} works`;
    case 'down':
      return `member ${member}${back} is down${fault === undefined ? '' : `: ${fault}`}`;
    case 'unknown':
      return `member ${member}${back} is not probed yet`;
  }
}

/** names in a line */
const shownNames = 5;

function someOf(names: readonly string[]): string {
  const rest = names.length - shownNames;
  return [...names.slice(0, shownNames), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
