/** Ports to the outside: programs, files, and background programs. The rest of src/host is built on them. */

/** Runs programs. The fake host of the tests implements it, too. */
export interface Exec {
  /** Rejects with a MustredirectError when the program cannot be started or takes too long. */
  run(argv: readonly string[], options?: RunOptions): Promise<Output>;
}

export interface RunOptions {
  readonly input?: string;
  /** milliseconds, default 30,000 */
  readonly timeout?: number;
  /** aborts the program and all processes that it started; `run` then rejects with `interrupted` */
  readonly signal?: AbortSignal;
}

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Reads and writes files. Paths are absolute, contents are not cached. */
export interface Files {
  /** undefined when the file does not exist */
  read(path: string, options?: ReadOptions): Promise<string | undefined>;
  /** Owner and mode of a file, after symbolic links; undefined when it does not exist. */
  stat(path: string): Promise<FileStat | undefined>;
  /** names in a folder, empty when it does not exist */
  list(path: string): Promise<readonly string[]>;
  /**
   * Writes a temporary file, syncs it and renames it; owner and mode of an existing file are kept.
   * @param mode mode of a new file, default 0600
   */
  replace(path: string, content: string, mode?: number): Promise<void>;
  /** appends to the file, and returns when the text is on disk; a missing file is created */
  append(path: string, content: string): Promise<void>;
  /** writes in place, for /proc/sys */
  overwrite(path: string, content: string): Promise<void>;
  /** removes a file or an empty folder, if it exists */
  remove(path: string): Promise<void>;
}

export interface FileStat {
  readonly uid: number;
  /** permission bits: 0o600 */
  readonly mode: number;
  /** a regular file */
  readonly isFile: boolean;
}

export interface ReadOptions {
  /** whether a symbolic link is followed, default true; our own files are never links */
  readonly follow?: boolean;
}

/** Runs programs in the background, which end when this process ends, however it ends. */
export interface Background {
  /**
   * Starts a program that ends when its stdin, a pipe that we hold, is closed. Use `endingWithStdin` for a program that
   * does not read its stdin.
   */
  start(argv: readonly string[]): Promise<Running>;
}

export interface Running {
  /** output so far */
  output(): { readonly stdout: string; readonly stderr: string };
  /** stdout so far, for binary output */
  stdoutBytes(): Buffer;
  /** writes to its stdin */
  write(text: string): void;
  /** Closes its stdin, and kills the program if it does not end. */
  stop(): Promise<Output>;
  /** whether the program has ended by itself */
  ended(): boolean;
}

/** Ports that read and change a host. Code that needs programs in the background takes a `Background`, too. */
export interface Host {
  readonly exec: Exec;
  readonly files: Files;
  /** absent: no routing daemon of ours is looked for */
  readonly daemon?: DaemonPlace;
  /** file of the agent's verdicts on members; absent: none is looked for */
  readonly verdicts?: string;
  /** file of the members that an operator has taken out of use; absent: none is looked for */
  readonly drained?: string;
}

/** Where our routing daemon has its files, and whether systemd may run it. */
export interface DaemonPlace {
  /** absolute path; it exists while the daemon does */
  readonly folder: string;
  /** systemd runs programs in the machine's own network namespace only */
  readonly bySystemd: boolean;
}
