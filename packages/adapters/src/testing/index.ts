/** The suites that hold every adapter to its contract; they need vitest. */
export * from './bus-suite.ts'
export * from './database-suite.ts'
