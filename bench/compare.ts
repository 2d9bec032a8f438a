/** Measures several things in turn, round after round, so that what disturbs the machine disturbs all of them. */
import type { Series } from './result.ts';

export interface Subject<At> {
  readonly variant: string;
  readonly networks: number;
  readonly at: At;
}

export interface Measure<At> extends Pick<Series, 'unit' | 'better'> {
  readonly name: string;
  take(at: At): Promise<number>;
}

export type Progress = (text: string) => void;

export async function compare<At>(
  subjects: readonly Subject<At>[],
  measures: readonly Measure<At>[],
  rounds: number,
  progress: Progress,
): Promise<Series[]> {
  const taken = measures.flatMap((measure) =>
    subjects.map((subject) => ({ measure, subject, samples: [] as number[] })),
  );
  for (let round = 0; round < rounds; round++) {
    for (const measure of measures) {
      progress(`round ${round + 1} of ${rounds}: ${measure.name}`);
      for (const subject of turned(subjects, round)) {
        const samples = taken.find((one) => one.measure === measure && one.subject === subject)?.samples;
        samples?.push(await measure.take(subject.at));
      }
    }
  }
  return taken.map(({ measure, subject, samples }) => seriesOf(measure, subject, samples));
}

/** Each round begins with another one, and every second round goes backwards: no one is always after the same. */
export function turned<T>(items: readonly T[], round: number): T[] {
  const start = round % items.length;
  const turn = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? turn : turn.toReversed();
}

export function seriesOf(
  { name, unit, better }: Pick<Measure<never>, 'name' | 'unit' | 'better'>,
  { variant, networks }: Pick<Subject<never>, 'variant' | 'networks'>,
  samples: readonly number[],
): Series {
  const [first, ...rest] = samples;
  if (first === undefined || samples.some((sample) => !(sample > 0))) {
    throw new Error(`${name} of ${variant}, ${networks} networks: gave no figure: ${samples.join(', ')}`);
  }
  return { measure: name, unit, better, variant, networks, samples: [first, ...rest] };
}
