import { expect, it } from 'vitest';
import { flowLog } from './flow-log.ts';

const gateway = { name: 'office', uplink: { device: 'eth1' }, snat: 'masquerade', served: [] } as const;
const logged = { ...gateway, flowLog: { size: 1, age: 1 } };

it('warns if the file asks for a flow log and no agent writes it', () => {
  expect(flowLog(logged, {})).toEqual([
    {
      message: expect.stringMatching(/^gateway office: `log: flows` needs the agent/) as unknown,
      hint: expect.stringContaining('mustredirect agent') as unknown,
    },
  ]);
});

it('warns if socat is missing, also with an agent', () => {
  expect(flowLog(logged, { agent: 'id', socatMissing: true })).toMatchObject([
    { message: expect.stringContaining('needs socat') as unknown },
  ]);
  expect(flowLog(gateway, { socatMissing: true })).toEqual([]);
});

it('does not warn with an agent, or without a flow log', () => {
  expect(flowLog(logged, { agent: 'id' })).toEqual([]);
  expect(flowLog(gateway, {})).toEqual([]);
});
