/** Finds the largest fleet that is computed within a time. */
import { median } from '../statistics.ts';
import type { Sample } from './measure.ts';
import { type FleetSize, mostNodes } from './fleet-file.ts';

/** one for so many nodes */
const nodesOfGateway = 100;
/** A step of the search, as a share of what is searched for: machines are no more exact. */
const exactness = 0.05;
/** what is found must hold that often, by its median */
const repeats = 3;

export function sizeOf(nodes: number): FleetSize {
  return { nodes, gateways: Math.max(1, Math.round(nodes / nodesOfGateway)) };
}

/**
 * @param limit seconds
 * @param start nodes to begin with
 * @returns samples of the largest that stays under it
 */
export async function findLargest(
  measure: (size: FleetSize) => Promise<Sample>,
  limit: number,
  start: number,
): Promise<Sample[]> {
  const fits = async (nodes: number): Promise<boolean> => (await measure(sizeOf(nodes))).seconds < limit;
  let [fitting, tooLarge] = [0, start];
  while (tooLarge < mostNodes && (await fits(tooLarge))) {
    fitting = tooLarge;
    tooLarge = Math.min(2 * tooLarge, mostNodes);
  }
  while (tooLarge - fitting > exactness * tooLarge) {
    const middle = Math.round((fitting + tooLarge) / 2);
    if (await fits(middle)) fitting = middle;
    else tooLarge = middle;
  }
  for (let nodes = fitting; nodes >= 1; nodes = Math.floor(nodes * (1 - exactness))) {
    const samples: Sample[] = [];
    while (samples.length < repeats) samples.push(await measure(sizeOf(nodes)));
    if (median(samples.map(({ seconds }) => seconds)) < limit) return samples;
  }
  throw new Error(`not even one node is computed within ${limit} s`);
}
