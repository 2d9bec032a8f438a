/** The outside as the program sees it: three ports. Everything else in this room is built on them. */

/** Runs programs. The fake host of the tests is another one of these. */
export interface Exec {
  /** Rejects with a MustredirectError when the program cannot be started or takes too long. */
  run(argv: readonly string[], options?: RunOptions): Promise<Output>;
}

export interface RunOptions {
  readonly input?: string;
  /** milliseconds, default 30,000 */
  readonly timeout?: number;
  /** ends the program, and all that it has started; then it rejects with `interrupted` */
  readonly signal?: AbortSignal;
}

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Reads and writes files. Paths are absolute; nothing is cached. */
export interface Files {
  /** nothing when the file does not exist */
  read(path: string, options?: ReadOptions): Promise<string | undefined>;
  /** names in a folder, nothing when it does not exist */
  list(path: string): Promise<readonly string[]>;
  /**
   * Written beside, fsynced and renamed; owner and mode of an existing file are kept.
   * @param mode of a file that is new, default 0600
   */
  replace(path: string, content: string, mode?: number): Promise<void>;
  /** adds to its end, and returns when that is on the disk; a file that does not exist is made */
  append(path: string, content: string): Promise<void>;
  /** written in place, for /proc/sys */
  overwrite(path: string, content: string): Promise<void>;
  /** a file, or an empty folder; nothing happens when there is none */
  remove(path: string): Promise<void>;
}

export interface ReadOptions {
  /** whether a symbolic link is read through, default true; our own files are no links */
  readonly follow?: boolean;
}

/** Runs programs beside us. They end with us, however we end. */
export interface Background {
  /**
   * Starts a program that ends by itself when its stdin, a pipe that we hold, is closed. One that does not
   * read its stdin is made to by `endingWithStdin`.
   */
  start(argv: readonly string[]): Promise<Running>;
}

export interface Running {
  /** what it has said so far */
  said(): { readonly stdout: string; readonly stderr: string };
  /** the same of its stdout, where that is no text */
  stdoutBytes(): Buffer;
  /** writes to its stdin */
  tell(text: string): void;
  /** Closes its stdin, and kills it when that does not end it. */
  stop(): Promise<Output>;
  /** whether it has ended by itself */
  ended(): boolean;
}

/** Enough to read a host and to change it. What must run beside us takes a `Background` as well. */
export interface Host {
  readonly exec: Exec;
  readonly files: Files;
}
