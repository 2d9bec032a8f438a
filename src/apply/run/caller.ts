/** Caller of a run: a command at a terminal, or an agent. */
export interface Caller {
  /** user name for the history */
  readonly user: string;
  /** process id, shown to processes that wait for the lock, and kept in the journal */
  readonly pid: number;
  /** aborted to stop the run, which then undoes its steps */
  readonly interrupt: AbortSignal;
  /** from now on, a signal prints the text and aborts `interrupt` instead of ending the process */
  watchInterrupts(text: string): void;
  /** prints messages during the run */
  tell(text: string, label?: 'note' | 'undone' | 'error'): void;
}
