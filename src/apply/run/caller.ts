/** The caller of a run: a command at a terminal, or an agent. */
export interface Caller {
  /** written into the history */
  readonly user: string;
  /** process id: whoever waits for the lock is told it, and the journal keeps it */
  readonly pid: number;
  /** aborted when the run is to stop: it undoes what it has done */
  readonly interrupt: AbortSignal;
  /** from now on a signal ends the process no more: whoever sends one is told the text, and `interrupt` is aborted */
  watchInterrupts(text: string): void;
  /** what happens beside the run itself */
  tell(text: string, label?: 'note' | 'undone' | 'error'): void;
}
