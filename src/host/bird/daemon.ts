/**
 * Our BIRD: it has a folder of its own, so that a BIRD of the host itself goes on, and a shell that starts it again.
 * The shell removes BIRD's routes whenever it ends: a killed BIRD leaves them in the kernel.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import { birdProtocol, learnedMetric } from '../../kinds/ownership.ts';
import type { RoutingDaemon } from '../../kinds/routing-daemon/schema.ts';
import { ifInstalled } from '../process/missing-program.ts';
import { commandError, runOrFail } from '../process/exec.ts';
import { systemdRuns } from '../process/systemd.ts';
import type { DaemonPlace, Exec, Files, Host } from '../ports.ts';
import { secretSource, secretText } from './password.ts';

const unit = 'mustredirect-bird';

/** milliseconds: BIRD answers in a few, unless it is stopped by a signal */
const answerTimeout = 3000;
const startTimeout = 10_000;
const pollInterval = 50;
/** seconds after which BIRD takes a change back that nobody confirms: a killed run leaves the former configuration */
const undoTimeout = 60;

const flush = [4, 6]
  .map((family) => `ip -${family} route flush table all protocol ${birdProtocol} metric ${learnedMetric}`)
  .join('; ');

/**
 * Ends by itself when its configuration is gone.
 *
 * @param $1 folder
 */
const supervisor = `exec </dev/null >/dev/null 2>&1
cd "$1" || exit 1
bird= ended=
trap 'ended=1; kill $bird' TERM
while [ -z "$ended" ] && [ -e "$1/bird.conf" ]; do
  bird -f -c "$1/bird.conf" -s "$1/bird.ctl" -P "$1/bird.pid" &
  bird=$!
  wait $bird
  [ -z "$ended" ] || wait $bird
  ${flush}
  [ -n "$ended" ] || sleep 1
done`;

/**
 * Ends the shells and BIRDs of the folder, also those that are stopped by a signal, and removes what they have left. They
 * are found by their arguments: files with their process ids may be missing, or not there yet.
 *
 * @param $1 folder
 */
const ending = `running() {
  for file in $(grep -lszxF -e "$1" -e "$1/bird.conf" /proc/[0-9]*/cmdline); do
    case "$2: $(tr '\\0' ' ' <"$file")" in
      "shell: sh -c "*" ${unit} $1 " | "bird: bird -f -c $1/bird.conf "*) basename "$(dirname "$file")" ;;
    esac
  done
}
for kind in shell bird; do
  kill -TERM $(running "$1" $kind) || continue
  for round in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(running "$1" $kind)" ] || continue 2
    sleep 0.1
  done
  kill -KILL $(running "$1" $kind)
done 2>/dev/null
${flush}
:`;

/** The configuration ends with a symbol that tells which one a running BIRD has. */
function fileText(config: string): string {
  return `${config}\ndefine mustredirect = "${digestOf(config)}";\n`;
}

function digestOf(config: string): string {
  return createHash('sha256').update(config).digest('hex');
}

function configOf(text: string): string {
  return text.replace(/\n[^\n]*\n$/, '');
}

export async function readDaemon({ exec, files, daemon }: Host): Promise<RoutingDaemon | undefined> {
  if (!daemon) return undefined;
  const text = await files.read(`${daemon.folder}/bird.conf`);
  // A run that was killed early, or late, leaves other files, or an empty folder.
  if (text === undefined && !(await isThere(files, daemon.folder))) return undefined;
  const config = configOf(text ?? '');
  const runs = (await runningDigest(exec, daemon)) === digestOf(config) && (await isConfirmed(exec, daemon));
  const secrets = await readSecrets(files, daemon.folder);
  return {
    kind: 'routing-daemon',
    config,
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(runs ? {} : { stopped: true }),
  };
}

async function isThere(files: Files, folder: string): Promise<boolean> {
  return (await files.stat(folder)) !== undefined;
}

type Secrets = NonNullable<RoutingDaemon['secrets']>;

/** Files with passwords: `secret_office`, `lan_secret_office`. */
const secretPattern = /^(lan_)?secret_/;

async function readSecrets(files: Files, folder: string): Promise<Secrets> {
  const names = (await files.list(folder)).filter((name) => secretPattern.test(name)).sort();
  const found = await Promise.all(
    names.map(async (name) => {
      const text = (await files.read(`${folder}/${name}`)) ?? '';
      const file = secretSource(text);
      if (file === undefined) return [];
      const outdated = (await secretText(files, name, file)) !== text;
      return [{ name, file, ...(outdated ? { outdated: true as const } : {}) }];
    }),
  );
  return found.flat();
}

/** A file whose password is gone keeps the former one: it is nowhere else. */
async function writeSecrets(files: Files, folder: string, secrets: Secrets): Promise<void> {
  for (const { name, file } of secrets) {
    const text = await secretText(files, name, file);
    if (text !== undefined) await files.replace(`${folder}/${name}`, text);
  }
}

async function removeOtherSecrets(files: Files, folder: string, secrets: Secrets): Promise<void> {
  const kept = new Set(secrets.map(({ name }) => name));
  for (const name of await files.list(folder))
    if (secretPattern.test(name) && !kept.has(name)) await files.remove(`${folder}/${name}`);
}

/** Digest of the configuration that BIRD runs with; undefined when it does not answer. */
async function runningDigest(exec: Exec, daemon: DaemonPlace): Promise<string | undefined> {
  const printed = await askBird(exec, daemon, 'eval mustredirect');
  return /^[0-9a-f]{64}$/m.exec(printed ?? '')?.[0];
}

/** A run that was killed before it confirmed leaves a BIRD that goes back to its former configuration by itself. */
async function isConfirmed(exec: Exec, daemon: DaemonPlace): Promise<boolean> {
  const printed = await askBird(exec, daemon, 'configure status');
  return printed !== undefined && !printed.includes('unconfirmed');
}

/** Output of a command of `birdc`; undefined without an answer. */
export async function askBird(
  exec: Exec,
  { folder }: DaemonPlace,
  command: string,
): Promise<string | undefined> {
  const argv = ['birdc', '-s', `${folder}/bird.ctl`, ...command.split(' ')];
  try {
    const output = await ifInstalled(exec.run(argv, { timeout: answerTimeout }));
    return output?.exitCode === 0 ? output.stdout : undefined;
  } catch (error) {
    // A BIRD that is stopped by a signal accepts the connection, and does not answer.
    if (error instanceof MustredirectError && error.code === 'failed') return undefined;
    throw error;
  }
}

/** Makes BIRD run with a configuration. Sessions that it does not change go on. */
export async function runDaemon(host: Host, config: string, secrets: Secrets = []): Promise<void> {
  const daemon = placeOf(host);
  const { folder } = daemon;
  const next = `${folder}/next.conf`;
  await writeSecrets(host.files, folder, secrets);
  await host.files.replace(next, fileText(config));
  await checkConfig(host.exec, next);
  const wasRunning = (await runningDigest(host.exec, daemon)) !== undefined;
  if (!wasRunning) await endProcesses(host, daemon);
  await host.files.replace(`${folder}/bird.conf`, fileText(config));
  if (wasRunning)
    await configure(host.exec, daemon, `timeout ${undoTimeout}`, /^Reconfigur(ed|ation in progress)/m);
  else await startSupervisor(host, daemon);
  await host.files.remove(next);
  await waitForDigest(host, daemon, digestOf(config));
  if (wasRunning) await configure(host.exec, daemon, 'confirm', /^Reconfiguration confirmed/m);
  await removeOtherSecrets(host.files, folder, secrets);
}

/** At log-out, and when a unit ends, systemd ends all processes that it does not know as a unit of their own. */
async function startSupervisor({ exec, files }: Host, { folder, bySystemd }: DaemonPlace): Promise<void> {
  const command = ['sh', '-c', supervisor, unit, folder];
  const systemd = [
    'systemd-run',
    '--quiet',
    '--collect',
    `--unit=${unit}`,
    '--property=Restart=always',
    '--',
  ];
  const starter = bySystemd && (await systemdRuns(files)) ? systemd : ['setsid', '--fork'];
  await runOrFail(exec, [...starter, ...command]);
}

/** Writes the configuration of a daemon that does not run. */
export async function stopDaemon(host: Host, config: string, secrets: Secrets = []): Promise<void> {
  const daemon = placeOf(host);
  await writeSecrets(host.files, daemon.folder, secrets);
  await endProcesses(host, daemon);
  await host.files.replace(`${daemon.folder}/bird.conf`, fileText(config));
}

/** Ends BIRD, and removes its folder and the routes that it has left. */
export async function removeDaemon(host: Host): Promise<void> {
  const daemon = placeOf(host);
  await endProcesses(host, daemon);
  for (const name of await host.files.list(daemon.folder))
    await host.files.remove(`${daemon.folder}/${name}`);
  await host.files.remove(daemon.folder);
}

function placeOf({ daemon }: Host): DaemonPlace {
  if (daemon) return daemon;
  throw new Error('no place for a routing daemon');
}

async function checkConfig(exec: Exec, path: string): Promise<void> {
  const argv = ['bird', '-p', '-c', path];
  const output = await exec.run(argv);
  if (output.exitCode !== 0) throw commandError(argv, output);
}

async function endProcesses({ exec, files }: Host, { folder, bySystemd }: DaemonPlace): Promise<void> {
  if (bySystemd && (await systemdRuns(files))) {
    // Fails when there is no such unit.
    await exec.run(['systemctl', 'stop', `${unit}.service`]);
  }
  await runOrFail(exec, ['sh', '-c', ending, `${unit}-end`, folder]);
}

/**
 * Without `soft`, BIRD asks its neighbours for their routes again where a filter has changed, and announces or withdraws
 * what it now should; sessions go on. [measured with 2.0.12]
 */
async function configure(exec: Exec, daemon: DaemonPlace, how: string, success: RegExp): Promise<void> {
  const printed = await askBird(exec, daemon, `configure ${how}`);
  if (printed !== undefined && success.test(printed)) return;
  throw new MustredirectError('failed', `birdc configure ${how}: ${printed?.trim() ?? 'no answer'}`);
}

async function waitForDigest({ exec, files }: Host, daemon: DaemonPlace, digest: string): Promise<void> {
  const deadline = performance.now() + startTimeout;
  while ((await runningDigest(exec, daemon)) !== digest) {
    if (performance.now() > deadline) {
      const log = (await files.read(`${daemon.folder}/bird.log`))?.trim().split('\n').at(-1);
      const message = `bird does not run with its new configuration${log ? `: ${log}` : ''}`;
      throw new MustredirectError('failed', message, { hint: `${daemon.folder}/bird.log says why` });
    }
    await sleep(pollInterval);
  }
}
