/** `npm run build`: JavaScript and type declarations of every package, in the order of their dependencies. */
import { PNPM, prepare, run } from './prepare.mjs'

const env = prepare()
// turbo runs each package's script with pnpm, which is not installed but fetched.
const { status } = run('npx', ['--yes', `--package=${PNPM}`, '-c', 'turbo run build'], env)
process.exitCode = status ?? 1
