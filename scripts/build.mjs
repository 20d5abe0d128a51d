/** `npm run build`: JavaScript and type declarations of every package, in the order of their dependencies. */
import { PNPM, prepare, run } from './prepare.mjs'

const env = { ...prepare(), TURBO_DANGEROUSLY_DISABLE_PACKAGE_MANAGER_CHECK: 'true' }
// turbo runs each package's script with pnpm, which is not installed but fetched; it knows which by the lockfile.
const { status } = run('npx', ['--yes', `--package=${PNPM}`, '-c', 'turbo run build'], env)
process.exitCode = status ?? 1
