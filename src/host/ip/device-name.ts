/** Device names in output of programs. */
import * as z from 'zod';

/**
 * The kernel accepts any 15 bytes without blanks, "/" and ":". Names go into nft texts, where a quote ends them and a
 * `*` makes them a pattern, and into lines of `ip -batch`, where "#" and quotes have a meaning. U+FFFD replaces bytes
 * that are not UTF-8: such a name is not the device's real one.
 */
const safe = /^(?!\.{1,2}$)[^\s\p{C}\uFFFD"'`#*\\;{}$/:]{1,15}$/u;

export const deviceName = z.string().regex(safe, {
  error: ({ input }) =>
    `the device name ${JSON.stringify(input)} cannot be written into commands: rename the device`,
});
