import { expect, it } from 'vitest';
import { probes } from './probes.ts';

const office = { name: 'office' };

it('warns once for each gateway whose members nobody probes, and says what to do', () => {
  const text = (found: ReturnType<typeof probes>): string[] => found.map(({ message }) => message);
  expect(text(probes([office, { name: 'mail', balance: true }], {}))).toEqual([
    'gateway office: nobody probes its members, since the agent, which `check:` needs, does not run on this host: the one in use stays, also when it fails',
    'gateway mail: nobody probes its members, since the agent, which `mode: balance` needs, does not run on this host: those in use stay, also when they fail',
  ]);
  expect(probes([office], {})[0]?.hint).toContain('mustredirect agent');
});

it('does not warn while an agent runs, without such gateways, or where another warning says it', () => {
  expect(probes([office], { agent: 'id' })).toEqual([]);
  expect(probes(undefined, {})).toEqual([]);
  expect(probes([{ name: 'office', leaveDirectly: ['web'] }], {})).toEqual([]);
});
