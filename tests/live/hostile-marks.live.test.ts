/** A hostile container where a mark steers. One configuration alone: `HOSTILE=marks-0 npx vitest run --project live hostile-marks`. */
import { configurationsOf, defineHostile } from './hostile/define-hostile.ts';

defineHostile(configurationsOf('marks'));
