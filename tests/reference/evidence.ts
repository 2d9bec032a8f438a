/** Generates the evidence in both READMEs: counts from docs/leak-matrix.md, and versions from docs/engines.md. */
import { table } from './markdown.ts';

export interface Evidence {
  /** events while containers send */
  readonly events: Tried;
  /** control rows: every layer is removed, and captures see packets */
  readonly controls: number;
  readonly kills: Tried;
  readonly endings: Tried;
  readonly hostile: Tried & { readonly configurations: number };
  readonly versions: readonly string[];
}

interface Tried {
  readonly tried: number;
  /** number of those with packets seen elsewhere */
  readonly failed: number;
}

type Row = readonly string[];

const control = 'packets, as it must be';

export function readEvidence(leakMatrix: string, engineMatrix: string): Evidence {
  const events = tablesBelow(leakMatrix, 'event');
  const tried = events.filter((row) => row[2] !== control);
  const kills = tablesBelow(leakMatrix, 'run');
  const endings = tablesBelow(leakMatrix, 'ending');
  const hostile = tablesBelow(leakMatrix, 'steering by');
  return {
    events: { tried: tried.length, failed: failed(tried, 2, 3) },
    controls: events.length - tried.length,
    kills: { tried: kills.reduce((sum, row) => sum + Number(row[2]), 0), failed: failed(kills, 3) },
    endings: { tried: endings.length, failed: failed(endings, 3, 4) },
    hostile: {
      tried: Number(hostile[0]?.[3]),
      failed: failed(hostile, 4, 5),
      configurations: hostile.length,
    },
    versions: versionsOf(engineMatrix),
  };
}

/** Rows of every table with this head in the first column. */
function tablesBelow(page: string, head: string): Row[] {
  const tables = [...page.matchAll(/(?:^\|.*\n)+/gm)].map(([text]) => text.trim().split('\n').map(cells));
  return tables.filter(([first]) => first?.[0] === head).flatMap((rows) => rows.slice(2));
}

function cells(line: string): Row {
  return line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
}

function failed(rows: readonly Row[], ...columns: readonly number[]): number {
  return rows.filter((row) => columns.some((column) => row[column] !== '0')).length;
}

/** Programs with versions, each once, in the order of the page: `podman 4.3.1`. */
function versionsOf(page: string): string[] {
  const [, lines = ''] = /Last made with:\n\n((?:- .*\n)+)/.exec(page) ?? [];
  const found = [...lines.matchAll(/\b(podman|docker|nft|Linux) (\d[\w.]*\d)/g)].map(
    ([, program, version]) => `${program} ${version}`,
  );
  return [...new Set(found)].sort();
}

interface Words {
  readonly head: Row;
  readonly rows: (evidence: Evidence) => readonly Row[];
  readonly below: (evidence: Evidence) => string;
}

const english: Words = {
  head: ['tried with real packets, IPv4 and IPv6', 'how many', 'of these, with a packet seen elsewhere'],
  rows: ({ events, kills, endings, hostile }) => [
    [
      'layers removed, `nft flush ruleset`, links down, engines and firewalls restarted, files changed, ...',
      `${events.tried} events`,
      `${events.failed}`,
    ],
    [
      'SIGKILL between two steps of `apply`, a change, `rollback` and `destroy`',
      `${kills.tried} kills`,
      `${kills.failed}`,
    ],
    ['the redirect ends while connections are open', `${endings.tried} endings`, `${endings.failed}`],
    [
      `crafted packets of a hostile container, in ${hostile.configurations} configurations`,
      `${hostile.tried} packets in each`,
      `${hostile.failed}`,
    ],
  ],
  below: ({ controls, versions }) =>
    `Control: in ${controls} more events every layer is removed at once, and the captures see the packets. All of it is in the
[leak matrix](docs/leak-matrix.md). The [engine matrix](docs/engines.md) shows what each engine's containers send, and where it
arrives. Tried with: ${versions.join(', ')}.`,
};

const chinese: Words = {
  head: ['用真实报文测试（IPv4 和 IPv6）', '数量', '其中发现报文从别处流出'],
  rows: ({ events, kills, endings, hostile }) => [
    [
      '删除某层规则、`nft flush ruleset`、链路断开、引擎或防火墙重启、配置变更等',
      `${events.tried} 个事件`,
      `${events.failed}`,
    ],
    ['在 `apply`、变更、`rollback`、`destroy` 的两步之间 SIGKILL', `${kills.tried} 次`, `${kills.failed}`],
    ['连接仍在时结束重定向', `${endings.tried} 种方式`, `${endings.failed}`],
    [
      `恶意容器构造的报文，${hostile.configurations} 种配置`,
      `每种 ${hostile.tried} 个报文`,
      `${hostile.failed}`,
    ],
  ],
  below: ({ controls, versions }) =>
    `对照：另有 ${controls} 个事件同时删除所有防护层，此时抓包必须看到泄漏的报文。全部结果见
[泄漏矩阵](docs/leak-matrix.md)；各引擎的容器发出的流量及其去向见[引擎矩阵](docs/engines.md)。测试版本：${versions.join('、')}。`,
};

export const languages = { 'README.md': english, 'README.zh-CN.md': chinese } as const;

export function evidenceText(words: Words, evidence: Evidence): string {
  return `${table(words.head, words.rows(evidence))}\n\n${words.below(evidence)}\n`;
}
