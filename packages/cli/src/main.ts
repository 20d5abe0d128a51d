/** The process around the program: arguments, streams and signals in, an exit code out. */
import { processIo } from './process-io.ts'
import { run } from './program.ts'

const STRAGGLERS_MS = 1000

/**
 * The process ends when it has nothing left to do. `process.exit()` is for what a command has left behind (a socket of a
 * client that never answers), and comes when all is quiet: Node waits there for its compiler's threads, which may be
 * waiting for a garbage collection that no longer comes (nodejs/node#54918).
 */
process.exitCode = await run(process.argv.slice(2), processIo(process))
// Once its last words are out.
process.stdout.write('', () => process.stderr.write('', () => setTimeout(() => process.exit(), STRAGGLERS_MS).unref()))
