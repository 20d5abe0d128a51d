/** Runs the project's commands as processes of their own, as a user does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Access {
  readonly restUrl: string
  readonly apiKey: string
}

export interface Served {
  /** The content of `dev.json`. */
  readonly dev: {
    readonly url: string
    readonly tenants: { readonly acme: Access; readonly globex: Access }
    readonly system: Access
  }
  /** From the start of the process to the first 200. */
  readonly startMs: number
  stdout(): string
  stderr(): string
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

type Variables = Readonly<Record<string, string>>

const root = fileURLToPath(new URL('../..', import.meta.url))
const CLI = ['--conditions=@backsaas/source', join(root, 'packages/cli/src/main.ts')]
const START_MS = 60_000
const running = new Set<ChildProcess>()

/** The command line, to its end. */
export async function runCli(args: readonly string[], variables: Variables = {}): Promise<Ended> {
  return (await launch([...CLI, ...args], variables)).ended
}

export interface Started extends Pick<Served, 'stdout' | 'stderr' | 'stop'> {
  readonly ended: Promise<Ended>
}

/** A command line that goes on until it is stopped, or ends by itself. */
export function startCli(args: readonly string[], variables: Variables = {}): Started {
  const { child, ended, output } = launch([...CLI, ...args], variables)
  return {
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

/** A start that is expected to fail. */
export function runDev(variables: Variables): Promise<Ended> {
  return runCli(['dev'], { PORT: '0', ...variables })
}

/**
 * Starts the development server and waits for its first 200.
 *
 * @param how `cli` runs `backsaas dev`, `npm start` runs the script behind that command.
 * @param more arguments of `backsaas dev`.
 */
export async function serve(
  variables: Variables,
  how: 'cli' | 'npm start' = 'cli',
  more: readonly string[] = [],
): Promise<Served> {
  const start = performance.now()
  const args = how === 'cli' ? [...CLI, 'dev', ...more] : [join(root, 'scripts/start.mjs')]
  const { child, ended, output } = launch(args, { PORT: '0', ...variables })
  const file = join(String(variables.BACKSAAS_DATA), 'dev.json')
  const before = existsSync(file) ? statSync(file).mtimeMs : 0
  let over: Ended | null = null
  void ended.then((end) => {
    over = end
  })
  const deadline = start + START_MS
  while (!existsSync(file) || statSync(file).mtimeMs === before || !(await isHealthy(file))) {
    if (over !== null) throw new Error(`it ended: ${JSON.stringify(over)}`)
    if (performance.now() > deadline) throw new Error(`it is not ready in time: ${output.stdout}${output.stderr}`)
    await delay(20)
  }
  return {
    dev: JSON.parse(readFileSync(file, 'utf8')),
    startMs: performance.now() - start,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

/** A folder for one test file; at its end it is gone, and so is every process that a failed test has left. */
export function makeFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'backsaas-cli-'))
  return {
    path,
    remove() {
      for (const child of running) child.kill('SIGKILL')
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** A tenant's rows of an entity, by its key. */
export async function rows(access: Access, path: string): Promise<unknown> {
  const response = await fetch(`${access.restUrl}/${path}`, { headers: { apikey: access.apiKey } })
  return response.ok ? response.json() : response.status
}

async function isHealthy(file: string): Promise<boolean> {
  const { url } = JSON.parse(readFileSync(file, 'utf8'))
  return fetch(`${url}/healthz`).then(
    (response) => response.ok,
    () => false,
  )
}

export interface Launched {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly output: { stdout: string; stderr: string }
}

/** The surroundings' own settings of the product are left out: each test names what it means. */
export function launch(args: readonly string[], variables: Variables): Launched {
  const { DATABASE_URL: _database, REDIS_URL: _redis, BACKSAAS_DATA: _data, ...surroundings } = process.env
  const child = spawn(process.execPath, args, { env: { ...surroundings, ...variables }, cwd: tmpdir() })
  running.add(child)
  child.on('exit', () => running.delete(child))
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...output })))
  return { child, ended, output }
}
