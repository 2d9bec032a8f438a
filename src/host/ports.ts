/** The outside as the program sees it: two ports. Everything else in this room is built on them. */

/** Runs programs. The fake host of the tests is another one of these. */
export interface Exec {
  /** Rejects with a MustredirectError when the program cannot be started or takes too long. */
  run(argv: readonly string[], options?: RunOptions): Promise<Output>;
}

export interface RunOptions {
  readonly input?: string;
  /** milliseconds, default 30,000 */
  readonly timeout?: number;
}

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Reads and writes files. Paths are absolute; nothing is cached. */
export interface Files {
  /** nothing when the file does not exist */
  read(path: string): Promise<string | undefined>;
  /** names in a folder, nothing when it does not exist */
  list(path: string): Promise<readonly string[]>;
  /** written beside, fsynced and renamed; owner and mode of an existing file are kept */
  replace(path: string, content: string): Promise<void>;
  /** written in place, for /proc/sys */
  overwrite(path: string, content: string): Promise<void>;
  /** a file, or an empty folder; nothing happens when there is none */
  remove(path: string): Promise<void>;
}

export interface Host {
  readonly exec: Exec;
  readonly files: Files;
}
