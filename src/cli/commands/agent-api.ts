/** The agent's API: options, environment, and what only the process knows. */
import packageFile from '../../../package.json' with { type: 'json' };
import { readAccess } from '../../agent/api/access.ts';
import type { AgentState } from '../../agent/agent-state.ts';
import { type ApiPlaces, type ApiPorts, type ApiSource, serveApi } from '../../agent/api/api.ts';
import type { EventLog } from '../../agent/event/event-log.ts';
import { type ListenAddress, parseListenAddress } from '../../agent/api/listen-address.ts';
import { createObserved } from '../../agent/api/observed.ts';
import type { FileHashes, Found } from '../../agent/look.ts';
import { pause } from '../../agent/pause.ts';
import type { AgentStatus } from '../../agent/socket.ts';
import { MustredirectError } from '../../error.ts';
import type { Exec, Files, Host } from '../../host/ports.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ApiOptions {
  /** `9479`, `127.0.0.1:9479` or `[::1]:9479` */
  readonly listen?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** What the agent's parts call while they work, and the servers that show it. */
export interface PreparedApi {
  readonly onState: (state: AgentState) => void;
  readonly onLook: (found: Found | undefined) => void;
  readonly onFiles: (files: FileHashes) => void;
  /** Answers until `end` is aborted. */
  readonly serve: (socket: string, source: AgentSource, end: AbortSignal) => Promise<void>;
}

interface AgentSource extends Pick<ApiSource, 'probes'> {
  /** all but the hashes of the files */
  readonly state: () => AgentStatus;
}

/** @throws `usage` or `refused`: the address or the token file cannot be used */
export async function prepareApi(
  terminal: Pick<Terminal, 'env'>,
  options: ApiOptions,
  { exec, files }: Host,
  events: Pick<EventLog, 'emit' | 'sendTo'>,
): Promise<PreparedApi> {
  const tcp = await tcpOf(files, terminal, options);
  const observed = createObserved(() => Date.now() / 1000);
  let notice = (): void => {};
  return {
    onState(state) {
      observed.onState(state);
      notice();
    },
    onLook: (found) => observed.onLook(found),
    onFiles: (hashes) => observed.onFiles(hashes),
    async serve(socket, { state, probes }, end) {
      const status = (): AgentStatus => {
        const hashes = observed.files();
        return { ...state(), ...(hashes ? { files: hashes } : {}) };
      };
      const ports = apiPorts(exec, events);
      ({ notice } = await serveApi({ socket, tcp }, ports, { observed, status, probes }, end));
    },
  };
}

/** Where the agent answers by TCP, by the options or the environment; undefined: it does not. */
async function tcpOf(
  files: Files,
  { env }: Pick<Terminal, 'env'>,
  options: ApiOptions,
): Promise<ApiPlaces['tcp']> {
  const listen =
    options.listen === undefined
      ? listenOf('MUSTREDIRECT_LISTEN', env['MUSTREDIRECT_LISTEN'] || undefined)
      : listenOf('--listen', options.listen);
  const tokenFile = options.tokenFile ?? (env['MUSTREDIRECT_TOKEN_FILE'] || undefined);
  return listen && { listen, access: await readAccess(files, listen, tokenFile) };
}

function listenOf(where: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const listen = parseListenAddress(text);
  if (listen) return listen;
  throw new MustredirectError('usage', `${where} ${text}: not an address and port to listen on`, {
    hint: 'write it as 9479, 192.0.2.10:9479 or [2001:db8::1]:9479',
  });
}

function apiPorts(exec: Exec, { emit, sendTo }: Pick<EventLog, 'emit' | 'sendTo'>): ApiPorts {
  return {
    exec,
    now: () => performance.now(),
    sleep: pause,
    emit,
    sendTo,
    usage: () => {
      const { user, system } = process.cpuUsage();
      return { cpuSeconds: (user + system) / 1e6, memoryBytes: process.memoryUsage.rss() };
    },
    build: { version: packageFile.version, node: process.versions.node },
  };
}
