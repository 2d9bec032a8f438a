/**
 * Runs the checks and the tests, one after the other, and counts: each check is one, each test is one.
 * The last line is `N passed, N failed`. A test that did not run counts as failed.
 *
 * scripts/run-tests.js              everything
 * scripts/run-tests.js unit         the checks, and the tests that need no kernel
 * scripts/run-tests.js live [NAME]  the live tests, or those with NAME in the name of their file
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

const results = (part === 'live' ? checks.slice(0, 1) : checks).map(([name, script]) =>
  runCheck(name, script),
);
if (part !== 'live') results.push(runVitest('unit tests', 'unit'));
if (part !== 'unit') results.push(runVitest('live tests', 'live', pattern));
process.exitCode = report();

function runCheck(name, script) {
  const { seconds, ok } = run(name, 'npm', ['run', '--silent', script]);
  return { name, seconds, passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

function runVitest(name, project, filter) {
  const folder = mkdtempSync(join(tmpdir(), 'mustredirect-test-'));
  const file = join(folder, 'report.json');
  const argv = ['run', '--project', project, '--reporter=default', '--reporter=json'];
  if (filter !== undefined) argv.push(filter);
  const { seconds, ok } = run(name, 'node_modules/.bin/vitest', [...argv, `--outputFile.json=${file}`]);
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

function run(name, command, argv) {
  console.log(`\n== ${name}`);
  const begin = Date.now();
  const { status } = spawnSync(command, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  return { seconds: (Date.now() - begin) / 1000, ok: status === 0 };
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
