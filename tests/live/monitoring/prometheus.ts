/** Debian's Prometheus in the network namespace of a test host, and requests from there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endingWithStdin } from '../../../src/host/process/background.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { waitFor } from '../routing/world.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const client = `
const [url, headers] = process.argv.slice(1);
fetch(url, { headers: JSON.parse(headers) })
  .then(async (answer) => console.log(JSON.stringify({ status: answer.status, body: await answer.text() })))
  .catch((error) => console.log(JSON.stringify({ status: 0, body: String(error.cause ?? error) })));
`;

/** Asks by HTTP from a test host; status 0: no answer. */
export async function ask(
  host: TestHost,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return JSON.parse(await host.run([process.execPath, '-e', client, url, JSON.stringify(headers)])) as Answer;
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

export interface Prometheus {
  query(expression: string): Promise<readonly Series[]>;
  /** names of the alerts that fire */
  firing(): Promise<readonly string[]>;
  output(): string;
  stop(): Promise<void>;
}

const address = '127.0.0.1:9090';

/**
 * @param config text of prometheus.yml, except for the rules
 * @param rules text of a file of rules
 */
export async function startPrometheus(host: TestHost, config: string, rules: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'mustredirect-prometheus-'));
  await writeFile(join(folder, 'rules.yml'), rules);
  await writeFile(join(folder, 'prometheus.yml'), `${config}rule_files: [${join(folder, 'rules.yml')}]\n`);
  const running = await host.background.start(
    endingWithStdin([
      'prometheus',
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ]),
  );
  const get = async (path: string): Promise<unknown> => {
    const { status, body } = await ask(host, `http://${address}/${path}`);
    if (status !== 200) throw new Error(`Prometheus, ${path}: ${status} ${body}`);
    return (JSON.parse(body) as { readonly data: unknown }).data;
  };
  const prometheus = {
    async query(expression: string) {
      const found = await get(`api/v1/query?query=${encodeURIComponent(expression)}`);
      return (found as { readonly result: readonly Series[] }).result;
    },
    async firing() {
      const { alerts } = (await get('api/v1/alerts')) as { readonly alerts: readonly Alert[] };
      const names = alerts.flatMap(({ labels, state }) =>
        state === 'firing' ? (labels['alertname'] ?? '') : [],
      );
      return [...new Set(names)].sort();
    },
    output: () => running.output().stderr,
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const answers = async (): Promise<boolean> => (await ask(host, `http://${address}/-/ready`)).status === 200;
  await waitFor('Prometheus to be ready', answers).catch(async (error: Error) => {
    await prometheus.stop();
    throw new Error(`${error.message}\n${running.output().stderr}`);
  });
  return prometheus;
}
