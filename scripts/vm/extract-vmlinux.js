/**
 * Takes the kernel out of a bzImage, so that QEMU starts it at its PVH entry: it skips the firmware, and unpacks nothing.
 * The header is that of the kernel's documentation, arch/x86/boot.
 *
 * scripts/vm/extract-vmlinux.js BZIMAGE VMLINUX
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [source = '', target = ''] = process.argv.slice(2);
const image = readFileSync(source);
const setupSectors = image[0x1f1] || 4;
const offset = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
const payload = image.subarray(offset, offset + image.readUInt32LE(0x24c));

/** First two bytes of the payload, in hexadecimal -> the program that unpacks it. */
const programs = {
  '1f8b': ['gzip', '-dc'],
  fd37: ['xz', '-dc', '--single-stream'],
  '28b5': ['zstd', '-dc'],
  '0221': ['lz4', '-dc'],
};
const magic = payload.subarray(0, 2).toString('hex');
const [command, ...args] = programs[magic] ?? [];
if (command === undefined) throw new Error(`${source}: compressed in an unknown way: ${magic}`);
// The last four bytes are the size of the kernel, which all programs but gzip take for garbage after the end.
const { stdout, error } = spawnSync(command, args, { input: payload, maxBuffer: 512 * 2 ** 20 });
if (error) throw error;
if (stdout.subarray(1, 4).toString() !== 'ELF') throw new Error(`${source}: ${command} found no kernel`);
writeFileSync(target, stdout);
