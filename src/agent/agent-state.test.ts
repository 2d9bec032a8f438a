import { describe, expect, it } from 'vitest';
import { afterFailure, afterRead, afterRepair, firstState } from './agent-state.ts';
import type { Reading } from './reading.ts';

const differs: Reading = { kind: 'differs', what: '+ rule', repair: () => Promise.resolve(true) };
const rest: Reading = { kind: 'rest' };
const locked: Reading = { kind: 'rest', why: 'another run is at work' };

describe('a difference', () => {
  const found = afterRead(firstState, differs, 10).state;

  it('is known until it is repaired', () => {
    expect(found).toMatchObject({ drifts: 1, differs: '+ rule' });
    expect(afterRepair(found, '+ rule', 40).state).not.toHaveProperty('differs');
  });

  it('counts once, also when its repair fails and it is found again', () => {
    const failed = afterFailure(found, 'no nft').state;
    expect(failed).toMatchObject({ drifts: 1, differs: '+ rule' });
    expect(afterRead(failed, differs, 10).state).toMatchObject({ drifts: 1 });
    const again = afterRead(afterRead(failed, rest, 10).state, differs, 10).state;
    expect(again).toMatchObject({ drifts: 2 });
  });

  it('stays known while another run is at work, and not when the host was found to be right', () => {
    expect(afterRead(found, locked, 10).state).toMatchObject({ differs: '+ rule' });
    expect(afterRead(found, rest, 10).state).not.toHaveProperty('differs');
  });
});
