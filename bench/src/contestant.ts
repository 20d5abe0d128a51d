/** A contestant's process: started, asked, watched, stopped. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { BenchData } from './data.ts'
import { TENANT } from './data.ts'
import type { Call } from './scenarios.ts'

export interface Contestant {
  readonly name: string
  readonly byHand: boolean
  /** Scheme, host and port. */
  readonly server: string
  /** What stands before `/contacts`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Those of who may see the rows of a condition only. */
  readonly readerHeaders: Readonly<Record<string, string>>
  /** From the start of the process until it listens. */
  readonly startedInMs: number
  /** Resident memory, MiB. */
  rssMb(): Promise<number>
  /** Bytes of the heap after a collection; only of what was started with `collects`. */
  heapBytes(): Promise<number>
  stop(): Promise<void>
}

export interface ContestantOptions {
  readonly kind: 'backsaas' | 'by hand' | 'guarded'
  /** The adapter or client that it uses. */
  readonly driver: string
  /** The database's. */
  readonly url: string
  readonly pool: string
  /** What stands before `/contacts`, behind host and port. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly readerHeaders?: Readonly<Record<string, string>>
  /** Whether its garbage can be collected on demand. */
  readonly collects?: boolean
}

/** As our image has it; who writes by hand takes Node as it is. */
const YOUNG = { backsaas: ['--max-semi-space-size=16'], guarded: ['--max-semi-space-size=16'], 'by hand': [] } as const

/** @throws where the process ends before it listens. */
export async function startContestant(options: ContestantOptions): Promise<Contestant> {
  const { kind, driver, url, pool, path = '', headers = {}, readerHeaders = headers, collects = false } = options
  const name = `${kind} (${driver})`
  const startedAt = performance.now()
  const child = fork(new URL(`./contestants/${kind.replace(' ', '-')}.ts`, import.meta.url), [driver, url, pool], {
    execArgv: ['--conditions=@backsaas/source', ...YOUNG[kind], ...(collects ? ['--expose-gc'] : [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = await Promise.race([once(child, 'message'), died(child, name)])
  const server = `http://127.0.0.1:${port}`
  return {
    name,
    byHand: kind === 'by hand',
    server,
    url: server + path,
    headers,
    readerHeaders,
    startedInMs: performance.now() - startedAt,
    rssMb: () => residentMb(child),
    async heapBytes() {
      const answer = once(child, 'message')
      child.send('heap')
      const [bytes] = await answer
      return Number(bytes)
    },
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

type Access = Pick<BenchData, 'url' | 'key' | 'readerKey'>

/** BackSaaS on the benchmark's data: the tenant in the path, its key in a header. */
export function startBackSaas(driver: string, { url, key, readerKey }: Access, pool: string): Promise<Contestant> {
  const path = `/t/${TENANT}/rest/v1`
  const keys = { headers: { apikey: key }, readerHeaders: { apikey: readerKey } }
  return startContestant({ kind: 'backsaas', driver, url, pool, path, ...keys })
}

export function startByHand(driver: string, url: string, pool: string): Promise<Contestant> {
  return startContestant({ kind: 'by hand', driver, url, pool, readerHeaders: { 'x-reader': 'reader@example.com' } })
}

/** What a call is sent with, but for what its body needs. */
export function headersOf({ headers, readerHeaders }: Contestant, { asReader }: Call): Contestant['headers'] {
  return asReader ? readerHeaders : headers
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
