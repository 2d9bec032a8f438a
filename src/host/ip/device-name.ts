/** Names of devices, as programs tell them. */
import * as z from 'zod';

/**
 * The kernel takes any 15 bytes without blanks, "/" and ":". The names go into nft texts, where a quote ends them and
 * a `*` makes them a pattern, and into lines of `ip -batch`, where "#" and quotes mean something. U+FFFD stands for bytes
 * that are no text: it is not the device's name.
 */
const safe = /^(?!\.{1,2}$)[^\s\p{C}\uFFFD"'`#*\\;{}$/:]{1,15}$/u;

export const deviceName = z.string().regex(safe, {
  error: ({ input }) =>
    `the device name ${JSON.stringify(input)} cannot be written into commands: rename the device`,
});
