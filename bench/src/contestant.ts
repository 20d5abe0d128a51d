/** A contestant's process: started, asked, watched, stopped. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

export interface Contestant {
  readonly name: string
  /** What stands before `/contacts`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Resident memory, MiB. */
  rssMb(): Promise<number>
  stop(): Promise<void>
}

export interface ContestantOptions {
  readonly name: string
  readonly script: string
  readonly args: readonly string[]
  readonly port: number
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

export async function startContestant({
  name,
  script,
  args,
  port,
  path = '',
  headers = {},
}: ContestantOptions): Promise<Contestant> {
  const [driver = '', ...rest] = args
  const child = fork(new URL(`./contestants/${script}`, import.meta.url), [driver, String(port), ...rest], {
    execArgv: ['--conditions=@backsaas/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await Promise.race([once(child, 'message'), died(child, name)])
  return {
    name,
    url: `http://127.0.0.1:${port}${path}`,
    headers,
    rssMb: () => residentMb(child),
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function died(child: ChildProcess, name: string): Promise<never> {
  const [code] = await once(child, 'exit')
  throw new Error(`${name} ended with ${code} before it served`)
}

/** The kernel's own count; 0 where there is no /proc. */
async function residentMb(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}
