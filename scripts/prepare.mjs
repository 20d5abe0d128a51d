/** Installs what is missing, and gives the environment in which the project's tools run. Plain JavaScript: Node 20 runs it. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** As in package.json's `devEngines`, which turbo reads; with `onFail: ignore`, so that npm runs the scripts too. */
export const PNPM = 'pnpm@12.21.0'

/** The folder of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** Tools that run offline: no metrics, no look-ups, no log files in the home folder. */
const OFFLINE = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}

/**
 * Installs the locked dependencies where they are absent or the lockfile has changed.
 *
 * @returns the environment whose PATH begins with the project's own tools, Node 24 among them.
 * @example const env = prepare()
 */
export function prepare() {
  const stampFile = join(root, 'node_modules', '.backsaas-stamp')
  const stamp = lockStamp()
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    install()
    writeFileSync(stampFile, stamp)
  }
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...OFFLINE, ...process.env, PATH: path }
}

/**
 * Runs a command in the repository to its end, on this process' streams unless told otherwise.
 *
 * @example const { status } = run('biome', ['check', '.'], prepare())
 */
export function run(command, args, env, stdio = 'inherit') {
  // On Windows commands of npm are batch files, which only a shell runs.
  return spawnSync(command, args, { cwd: root, env, stdio, shell: process.platform === 'win32' })
}

/** A hash over what decides what is installed. */
function lockStamp() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Ends the process where the installation fails: nothing works without it. */
function install() {
  console.error(`Installing dependencies with ${PNPM} (once, or after the lockfile has changed) …`)
  const args = ['--yes', PNPM, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false']
  // Its output goes to stderr, so that stdout stays the command's own.
  const { status, error } = run('npx', args, process.env, ['ignore', 2, 2])
  if (status === 0) return
  console.error(
    `Installing failed${error ? `: ${error.message}` : ''}. Is the package registry reachable? Try again with: npx ${args.join(' ')}`,
  )
  process.exit(status || 1)
}
