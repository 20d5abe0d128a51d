/** What a command may touch of the process it runs in. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether a person reads what goes out. */
  readonly isTty: boolean
  /** Writes a line to standard output. */
  out(line: string): void
  /** Writes a line to standard error. */
  err(line: string): void
  /** Resolves when the process is asked to stop; from then on it is the caller's to end in good time. */
  untilStopped(): Promise<void>
}
