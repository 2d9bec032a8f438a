/**
 * Hostile container with steering by rules; with `LEAK_MATRIX=write`, also by fwmark. To run one configuration:
 * `HOSTILE=rules-0 npx vitest run --project live hostile.live`.
 */
import { configurationsOf, defineHostile } from './hostile/define-hostile.ts';

const all = process.env['LEAK_MATRIX'] === 'write';
defineHostile(configurationsOf('rules', ...(all ? (['marks'] as const) : [])));
