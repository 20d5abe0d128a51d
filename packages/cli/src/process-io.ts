/** The real process as an `Io`. */
import type { Io } from './io.ts'

/** A terminal's Ctrl-C may come twice, once from it and once passed on by a parent; later ones mean "now". */
const SAME_SIGNAL_MS = 1000

/**
 * @returns the `Io` of a process. A reader that goes away (`| head`) ends the process quietly.
 * @example await run(process.argv.slice(2), processIo(process))
 */
export function processIo(process: NodeJS.Process): Io {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    env: process.env,
    isTty: process.stdout.isTTY === true,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    untilStopped: () => untilStopped(process),
  }
}

function untilStopped(process: NodeJS.Process): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let firstAt: number | null = null
  const stop = (): void => {
    firstAt ??= performance.now()
    if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(130)
    resolve()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  return promise
}
