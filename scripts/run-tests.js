/**
 * Runs the checks and the tests, and counts: each check is one, each test is one.
 * The last line is `N passed, N failed`. A test that did not run counts as failed.
 *
 * scripts/run-tests.js              everything
 * scripts/run-tests.js unit         the checks, and the tests that need no kernel
 * scripts/run-tests.js live [NAME]  the live tests, or those with NAME in the name of their file
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const [part = 'all', pattern] = process.argv.slice(2);
if (!['all', 'unit', 'live'].includes(part) || (pattern !== undefined && part !== 'live')) {
  console.error('usage: ./test [unit | live [NAME]]');
  process.exit(2);
}

const results = [];
for (const [name, script] of part === 'live' ? checks.slice(0, 1) : checks) {
  results.push(await runCheck(name, script));
}
if (part !== 'live') results.push(await runVitest('unit tests', 'unit'));
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

/** The same beside other tests, with what it says held back. */
async function runAside(name, project) {
  const said = [];
  const result = await countVitest(name, project, (argv) => {
    const child = startAside(argv);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(text));
    return child;
  });
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
  const seconds = secondsSince(begin);
  try {
    return { name, seconds, ...countTests(JSON.parse(readFileSync(file, 'utf8')), ok) };
  } catch {
    return { name, seconds, passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
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

/** It yields to all else. The kernel weighs sessions against each other first, and only then what runs in one. */
function startAside(argv) {
  const child = spawn('nice', ['-n', '19', ...argv], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
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
