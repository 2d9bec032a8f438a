import { describe, expect, it } from 'vitest';
import { formatTable } from './table.ts';

describe('formatTable', () => {
  it('is as wide as the widest cells, with numbers aligned right', () => {
    const rows = [
      ['network', 'goes to', 'packets'],
      ['web', 'office at 192.168.50.2', 7],
      ['mail-relay', 'paris', 1_234_567_890],
    ];
    expect(formatTable(rows)).toBe(
      [
        'network      goes to                  packets',
        'web          office at 192.168.50.2            7',
        'mail-relay   paris                    1234567890',
      ].join('\n'),
    );
  });

  it('is empty without rows', () => {
    expect(formatTable([])).toBe('');
  });
});
