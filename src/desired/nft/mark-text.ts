/** nft statements that set bits of a mark. */
import { hex } from '../../kinds/words.ts';

/** Keeps all bits of other programs. Bits to set are not cleared first, as in nft's output. */
export function setMark(mark: 'meta mark' | 'ct mark', own: number, bits: number): string {
  const cleared = (own & ~bits) >>> 0;
  const kept = cleared === 0 ? '' : ` & ${hex((0xffffffff & ~cleared) >>> 0)}`;
  return `${mark} set ${mark}${kept}${bits === 0 ? '' : ` | ${hex(bits >>> 0)}`}`;
}
