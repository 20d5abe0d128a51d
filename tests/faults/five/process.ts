/** A process that is started, killed and started again, always with the same arguments. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

export interface Restartable {
  /** Resolves when it is ready. */
  start(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** SIGSTOP, and SIGCONT after so long. */
  freeze(ms: number): Promise<void>
  /** The end of what it said on stderr. */
  complaints(): string
}

export function restartable(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  isReady: () => Promise<boolean>,
): Restartable {
  let child: ChildProcess | null = null
  let complaints = ''
  return {
    async start() {
      const { DATABASE_URL: _database, REDIS_URL: _redis, ...surroundings } = process.env
      const started = spawn(process.execPath, ['--conditions=@backsaas/source', ...args], {
        env: { ...surroundings, ...variables },
        cwd: tmpdir(),
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      child = started
      started.stderr.on('data', (chunk) => {
        complaints = (complaints + chunk).slice(-4000)
      })
      while (!(await isReady())) {
        if (started.exitCode !== null) throw new Error(`it ended by itself: ${complaints}`)
        await delay(50)
      }
    },
    async kill() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    async freeze(ms) {
      child?.kill('SIGSTOP')
      await delay(ms)
      child?.kill('SIGCONT')
    },
    complaints: () => complaints,
  }
}
