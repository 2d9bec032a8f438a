/** Limits how often the host is read: some reads at once, then a few a second. Pure, without a clock of its own. */

export interface Damper {
  /** reads that may begin at once; a fraction while the next one is not due */
  readonly left: number;
  /** milliseconds, of the caller's clock */
  readonly at: number;
}

const burst = 6;
const perSecond = 3;
/** Largest part of the time in which a host may be read, beyond the first reads: a large host takes long to read. */
const share = 1 / 3;

export function freshDamper(now: number): Damper {
  return { left: burst, at: now };
}

/**
 * Takes one read: it may begin after `wait` milliseconds.
 *
 * @param took milliseconds that the last read has taken
 */
export function takeRead(
  { left, at }: Damper,
  now: number,
  took = 0,
): { readonly damper: Damper; readonly wait: number } {
  const rate = Math.min(perSecond, (1000 * share) / took);
  const available = Math.min(burst, left + (Math.max(0, now - at) / 1000) * rate);
  const wait = available >= 1 ? 0 : Math.ceil(((1 - available) * 1000) / rate);
  return { damper: { left: available - 1, at: Math.max(now, at) }, wait };
}
