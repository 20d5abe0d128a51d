/** What a request (or a job) lends to the code it runs: a way to outlive the answer, and a clock. */
export interface Scope {
  /** Keeps `work` alive after the answer is sent; on Workers this is the execution context's own. */
  waitUntil(work: Promise<unknown>): void
  /** Milliseconds since the epoch. */
  now(): number
}
