/** What a test has counted, for the summary of `npm run torture`: vitest's JSON report has it beside the test's result. */
declare module 'vitest' {
  interface TaskMeta {
    figures?: Figures
  }
}

export interface Figures {
  readonly [what: string]: number | string | Readonly<Record<string, number>>
}
