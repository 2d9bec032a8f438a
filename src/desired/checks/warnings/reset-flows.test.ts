import { expect, it } from 'vitest';
import { resetFlows } from './reset-flows.ts';

const gateway = { name: 'office', uplink: { device: 'eth1' }, snat: 'masquerade', served: [] } as const;

it('warns if conntrack drops packets of unknown connections, which are to be reset', () => {
  expect(resetFlows({ ...gateway, resetsFlows: true }, { strictTcp: true })).toEqual([
    {
      message: expect.stringMatching(/^gateway office: `flows` resets nothing/) as unknown,
      hint: expect.stringContaining('nf_conntrack_tcp_loose=1') as unknown,
    },
  ]);
});

it('does not warn with the default of the kernel, or without `flows: reset`', () => {
  expect(resetFlows({ ...gateway, resetsFlows: true }, { strictTcp: false })).toEqual([]);
  expect(resetFlows(gateway, { strictTcp: true })).toEqual([]);
});
