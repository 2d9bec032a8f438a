/**
 * Runs the checks and the tests, and counts: each check is one, each test is one.
 * The last line is `N passed, N failed`. A test that did not run counts as failed.
 *
 * scripts/run-tests.js                     everything but the virtual machines; of long tables that repeat rows a share, chosen at random:
 *                                          with THOROUGH=1 in the environment all rows, and the virtual machines
 * scripts/run-tests.js unit                the checks, and the tests that need no kernel
 * scripts/run-tests.js live [NAME]         the live tests, or those with NAME in the name of their file
 * scripts/run-tests.js vm [NAME [KERNEL]]  the tests of tests/vm in virtual machines with other kernels; with NAME, the tests of
 *                                          tests/vm and tests/live with NAME in the name of their file, on all kernels or on one
 * scripts/run-tests.js vm boot             the test of a machine that boots, tests/boot; it is also one of `vm` without a name
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const checks = [
  ['build', 'build'],
  ['types', 'types'],
  ['lint', 'lint'],
  ['format', 'format'],
  ['layers', 'layers'],
  ['dead code', 'unused'],
];

/** Kernels of Debian 12, 13 and unstable: see scripts/vm/kernel. */
const kernels = ['debian-12', 'debian-13', 'sid'];

const [part = 'all', pattern, kernel] = process.argv.slice(2);
/** Part -> how many arguments it takes. */
const parts = { all: 0, unit: 0, live: 1, vm: 2 };
if (!(part in parts) || process.argv.length - 3 > parts[part]) {
  console.error('usage: ./test [unit | live [NAME] | vm [NAME [KERNEL]]]');
  process.exit(2);
}

const results = [];
for (const [name, script] of part === 'all' || part === 'unit' ? checks : checks.slice(0, 1)) {
  results.push(await runCheck(name, script));
}
if (part === 'all' || part === 'unit') results.push(await runVitest('unit tests', 'unit'));
if (part === 'unit') results.push(await runVitest('properties', 'properties'));
if (part === 'live') results.push(await runVitest('live tests', 'live', pattern));
if (part === 'all') {
  // A live test waits for packets half of its time, and the properties for nothing.
  const aside = runAside('properties', 'properties');
  results.push(await runVitest('live tests', 'live'));
  console.log('\n== properties, begun beside the live tests');
  const { said, result } = await aside;
  console.log(said);
  results.push(result);
}
if (part === 'vm' || (part === 'all' && process.env.THOROUGH === '1')) {
  const onlyBoot = pattern === 'boot' && kernel === undefined;
  const tested = onlyBoot ? [] : kernel === undefined ? kernels : [kernel];
  // A virtual machine waits for packets and for its one busy processor most of the time: all of them at once.
  const machines = [
    ...(onlyBoot || pattern === undefined
      ? [runAside('vm boot', 'boot', (argv, said) => startPiped(argv, {}, said))]
      : []),
    ...tested.map((one) => runInMachine(one, pattern)),
  ];
  for (const { said, result } of await Promise.all(machines)) {
    console.log(`\n== ${result.name}\n${said}`);
    results.push(result);
  }
}
process.exitCode = report();

async function runCheck(name, script) {
  const begin = Date.now();
  console.log(`\n== ${name}`);
  const ok = await succeeds(start(['npm', 'run', '--silent', script]));
  return { name, seconds: secondsSince(begin), passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

function runVitest(name, project, filter) {
  console.log(`\n== ${name}`);
  return countVitest(name, project, start, filter);
}

/** The same in a virtual machine, with what it says held back. */
async function runInMachine(name, filter) {
  const begin = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'mustredirect-test-'));
  const projects = filter === undefined ? ['--project', 'vm'] : ['--project', 'vm', '--project', 'live'];
  // On a terminal, as the machine's console is one, vitest would draw its progress.
  const argv = [
    'env',
    'CI=true',
    ...(process.env.THOROUGH === undefined ? [] : [`THOROUGH=${process.env.THOROUGH}`]),
    'node_modules/.bin/vitest',
    'run',
    ...projects,
    '--reporter=default',
    '--reporter=json',
  ];
  argv.push('--outputFile.json=/run/vm-out/report.json');
  if (filter !== undefined) argv.push(filter);
  else {
    // By name only, since they take long: `./test vm tunnel-kills KERNEL`.
    argv.push('--exclude', 'tests/vm/tunnel-{kills,by-hand}.vm.test.ts');
    // Faults of tunnels do not depend on the kernel: one of them is enough.
    if (name !== kernels[0]) argv.push('--exclude', 'tests/vm/tunnel-faults.vm.test.ts');
  }
  const said = [];
  const child = startPiped(['scripts/vm/run', name, ...argv], { env: { ...process.env, OUT: folder } }, said);
  const ok = await succeeds(child);
  try {
    const result = countReport(`vm ${name}`, begin, join(folder, 'report.json'), ok);
    return { said: Buffer.concat(said).toString(), result };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same beside other tests, with what it says held back. */
async function runAside(name, project, startProgram = startAside) {
  const said = [];
  const result = await countVitest(name, project, (argv) => startProgram(argv, said));
  return { said: Buffer.concat(said).toString(), result };
}

async function countVitest(name, project, startProgram, filter) {
  const begin = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'mustredirect-test-'));
  const file = join(folder, 'report.json');
  const argv = ['node_modules/.bin/vitest', 'run', '--project', project, '--reporter=default'];
  argv.push('--reporter=json', `--outputFile.json=${file}`);
  if (filter !== undefined) argv.push(filter);
  const ok = await succeeds(startProgram(argv));
  try {
    return countReport(name, begin, file, ok);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param file vitest's report; without one, vitest did not run to its end */
function countReport(name, begin, file, ok) {
  const seconds = secondsSince(begin);
  if (!existsSync(file)) return { name, seconds, passed: 0, failed: 1 };
  return { name, seconds, ...countTests(JSON.parse(readFileSync(file, 'utf8')), ok) };
}

/** vitest counts no test in a file that it could not load, and fails for errors outside of tests. */
function countTests({ numTotalTests, numPassedTests, testResults }, ok) {
  const unloaded = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = numTotalTests - numPassedTests + unloaded.length;
  return { passed: numPassedTests, failed: failed === 0 && !ok ? 1 : failed };
}

function start([command, ...argv]) {
  return spawn(command, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** @param said gets what the program prints */
function startPiped([command, ...argv], options, said) {
  const child = spawn(command, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(text));
  return child;
}

/** It yields to all else. The kernel weighs sessions against each other first, and only then what runs in one. */
function startAside(argv, said) {
  const child = startPiped(['nice', '-n', '19', ...argv], { detached: true }, said);
  try {
    writeFileSync(`/proc/${child.pid}/autogroup`, '19');
  } catch {
    // A kernel that does not weigh sessions.
  }
  // Keys that end us do not reach another session.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, signal);
      process.kill(process.pid, signal);
    });
  }
  return child;
}

function succeeds(child) {
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (status) => resolve(status === 0));
  });
}

function secondsSince(begin) {
  return (Date.now() - begin) / 1000;
}

/** Prints the table. @returns the exit status */
function report() {
  console.log('\n== summary');
  for (const { name, seconds, passed, failed } of results) {
    const outcome = failed === 0 ? 'ok' : 'FAILED';
    console.log(
      `${name.padEnd(12)} ${outcome.padEnd(7)} ${String(passed).padStart(5)} passed ${String(failed).padStart(5)} failed ${seconds.toFixed(1).padStart(7)} s`,
    );
  }
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}

function sum(key) {
  return results.reduce((total, result) => total + result[key], 0);
}
