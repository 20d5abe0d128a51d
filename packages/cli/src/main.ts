/** The process around the program: arguments, streams and signals in, an exit code out. */
import { processIo } from './process-io.ts'
import { run } from './program.ts'

const code = await run(process.argv.slice(2), processIo(process))
// Ends what a command has left behind (a socket of a client that never answers), once its last words are out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
