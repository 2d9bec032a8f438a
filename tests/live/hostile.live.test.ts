/**
 * A hostile container where rules steer; with `LEAK_MATRIX=write`, also where a mark does. One configuration alone:
 * `HOSTILE=rules-0 npx vitest run --project live hostile.live`.
 */
import { configurationsOf, defineHostile } from './hostile/define-hostile.ts';

const all = process.env['LEAK_MATRIX'] === 'write';
defineHostile(configurationsOf('rules', ...(all ? (['marks'] as const) : [])));
