/** Result of a read. */
import type { Report } from './event/agent-event.ts';

export type Reading =
  | {
      readonly kind: 'rest';
      /** reason other than that nothing differs: another run is under way, nothing is applied */
      readonly why?: string;
      /** what is wrong with the file on disk, which is not in force */
      readonly problem?: string;
      /** what is closed or waits, and why */
      readonly reports?: readonly Report[];
    }
  | {
      readonly kind: 'differs';
      /** first lines of the plan */
      readonly what: string;
      readonly problem?: string;
      readonly reports?: readonly Report[];
      /**
       * Runs the plan, the same as `apply`.
       *
       * @returns false when nothing was changed, because another run has changed the host since it was read
       */
      readonly repair: () => Promise<boolean>;
    };
