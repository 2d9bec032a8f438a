import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../spec/parse.ts';
import type { Spec } from '../../spec/spec.ts';
import { type AskedNames, aboutOf, isAsked } from './question.ts';
import { recordOf } from './record.ts';
import type { AgentEvent } from './agent-event.ts';

const spec = specOf(`
version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2, gw2: 192.168.50.3 }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office, routes: [{ to: [198.51.100.0/24], via: mail }] }
  db: { engine: podman, subnets: { node1: 10.89.5.0/24 }, via: mail }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth1 } }] }
  mail: { members: [{ host: gw2, uplink: { device: eth1 } }] }
  spare: { members: [{ host: gw2, uplink: { device: eth2 } }] }
`);

function specOf(text: string): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(JSON.stringify(parsed.problems));
}

const of = (gateway: string) => ({ gateway, family: 4 }) as const;
const events: Readonly<Record<string, AgentEvent>> = {
  host: { kind: 'repair', what: '+ rule', took: 7 },
  web: { kind: 'report', text: 'network web: closed', network: 'web' },
  db: { kind: 'report', text: 'network db: closed', network: 'db' },
  office: { kind: 'outage', ...of('office'), networks: ['web'], why: 'no member works' },
  mail: { kind: 'outage', ...of('mail'), networks: ['db'], why: 'no member works' },
  spare: { kind: 'outage', ...of('spare'), networks: [], why: 'no member works' },
  gw1: { kind: 'member', ...of('office'), member: 'gw1', state: 'down' },
  gw2: { kind: 'member', ...of('mail'), member: 'gw2', state: 'down' },
};

function found(names: AskedNames, known: Spec | 'none' = spec): string[] {
  const question = {
    from: -Infinity,
    until: Infinity,
    level: 'debug',
    about: aboutOf(names, known === 'none' ? undefined : known),
  } as const;
  return Object.entries(events).flatMap(([name, event]) =>
    isAsked(recordOf(event, 0), question) ? [name] : [],
  );
}

describe('records about', () => {
  it.each<[AskedNames, readonly string[]]>([
    [{}, Object.keys(events)],
    [{ network: 'web' }, ['host', 'web', 'office', 'gw1', 'gw2']],
    [{ network: 'db' }, ['host', 'db', 'mail', 'gw2']],
    [{ gateway: 'office' }, ['host', 'web', 'office', 'gw1']],
    [{ gateway: 'spare' }, ['host', 'spare']],
    [{ member: 'gw2' }, ['host', 'web', 'db', 'mail', 'spare', 'gw2']],
    [{ network: 'web', gateway: 'office' }, ['host', 'web', 'office', 'gw1']],
    [{ network: 'other' }, ['host', 'spare', 'gw1', 'gw2']],
  ])('%j', (names, expected) => {
    expect(found(names)).toEqual(expected);
  });

  it('names that nothing is known of are taken as they are', () => {
    expect(found({ gateway: 'office' }, 'none')).toEqual(['host', 'web', 'db', 'office', 'gw1']);
  });
});

it('records are asked for by time and level', () => {
  const record = recordOf({ kind: 'failure', error: 'no' }, 5000);
  const ask = (from: number, until: number, level: 'debug' | 'error' = 'debug') =>
    isAsked(record, { from, until, level, about: {} });
  expect([ask(5000, 5000), ask(5001, 9000), ask(0, 4999), ask(0, 9000, 'error')]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  const info = recordOf({ kind: 'rest', why: 'no' }, 5000);
  expect(isAsked(info, { from: 0, until: 9000, level: 'warning', about: {} })).toBe(false);
});
