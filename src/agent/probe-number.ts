/** Numbers of pings, which have 16 bits: 65535 is followed by 0. */
const numbers = 0x1_0000;

/** How far a number is ahead of another one; below 0: behind it. Right for numbers less than 32,768 apart. */
export function numbersAhead(number: number, than: number): number {
  const ahead = (((number - than) % numbers) + numbers) % numbers;
  return ahead < numbers / 2 ? ahead : ahead - numbers;
}
