/**
 * Hostile container with steering by fwmark. To run one configuration: `HOSTILE=marks-0 npx vitest run --project live
 * hostile-marks`.
 */
import { configurationsOf, defineHostile } from './hostile/define-hostile.ts';

defineHostile(configurationsOf('marks'));
