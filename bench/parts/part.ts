/** A part of the benchmark: builds its labs, measures, and takes the labs away. */
import type { Progress } from '../compare.ts';
import type { Effort } from '../effort.ts';
import type { Plot } from '../plot/plot.ts';
import type { Measured } from '../result.ts';

export interface Context {
  readonly effort: Effort;
  /** the folder of the project, where `bin/mustredirect` is */
  readonly root: string;
  /** path of Node */
  readonly node: string;
  /** begins the names of the run's labs, and no other's */
  readonly name: string;
  readonly progress: Progress;
}

export interface Part {
  readonly name: string;
  readonly title: string;
  run(context: Context): Promise<Measured>;
  plots(result: Measured): readonly Plot[];
}
