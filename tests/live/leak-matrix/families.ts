/** The matrix covers both families at once: each event affects both, and each is counted separately. */
import type { Family } from '../../../src/address/cidr.ts';
import { exampleFile as fileOf } from '../../../src/lab/example-file.ts';
import type { World } from '../../../src/lab/world.ts';

export const families = [4, 6] as const satisfies readonly Family[];

/** Example file with both families. */
export function exampleFile({ engine }: Pick<World, 'engine'>): string {
  return fileOf(engine.engine, { families });
}

/** Example file with as many networks as cause steering by fwmark. */
export function crowdedFile({ engine }: Pick<World, 'engine'>): string {
  return fileOf(engine.engine, { families, more: 16 });
}

export function eachFamily<T>(make: (family: Family) => T): Readonly<Record<Family, T>> {
  return { 4: make(4), 6: make(6) };
}

/** Script with the command for both families: `ip rule flush` becomes `ip -4 rule flush; ip -6 rule flush`. */
export function both(command: string): string {
  return families.map((family) => command.replaceAll(/\bip /g, `ip -${family} `)).join('; ');
}

/** Missing object as `status --check` names it. */
export function missing(family: Family, object: string): string {
  return family === 4 ? `+ ${object}` : `+ IPv6 ${object}`;
}
