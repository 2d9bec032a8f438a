/** Runs a verification in a separate process, which is bundled and may be killed inside a test host. */
import { createBackground } from '../../src/host/process/background.ts';
import { createExec } from '../../src/host/process/exec.ts';
import { createFiles } from '../../src/host/files/files.ts';
import { type VerifyInput, verifyHost } from '../../src/verify/verify.ts';

const input = JSON.parse(process.argv[2] ?? '') as VerifyInput;
const host = {
  exec: createExec(),
  files: createFiles(),
  background: createBackground(),
  node: process.execPath,
};
process.stderr.write(`${process.pid}\n`);
process.stdout.write(JSON.stringify(await verifyHost(host, input)));
