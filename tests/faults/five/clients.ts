/** Clients that read and write without end, over all runtimes in turn, and note every answer that they should not get. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Outages } from './outages.ts'

export interface Tenant {
  readonly slug: string
  readonly key: string
}

export interface Tally {
  /** Marks of the writes that were acknowledged, by tenant. */
  readonly acknowledged: ReadonlyMap<string, ReadonlySet<string>>
  /** Answers by status; `cut` for none at all. */
  readonly answers: ReadonlyMap<string, number>
  /** What nothing explains. */
  readonly unexpected: readonly string[]
}

export interface Clients extends Tally {
  stop(): Promise<void>
}

const PAUSE_MS = 15
const PATIENCE_MS = 30_000
/** Whoever asks a process that is stopped goes on with another one, as behind a load balancer. */
const STOPPED_MS = 2_000

/** Two writers and two readers for each tenant. */
export function startClients(urls: readonly string[], tenants: readonly Tenant[], outages: Outages): Clients {
  const acknowledged = new Map(tenants.map(({ slug }) => [slug, new Set<string>()]))
  const answers = new Map<string, number>()
  const unexpected: string[] = []
  let stopped = false
  let turn = 0

  /** The status; null where there was no answer. */
  async function ask(tenant: Tenant, path: string, init: RequestInit): Promise<number | null> {
    const runtime = turn++ % urls.length
    const from = Date.now()
    const headers = { apikey: tenant.key, 'content-type': 'application/json' }
    const waiting = patience(() => outages.isDown(runtime))
    try {
      const url = `${urls[runtime]}/t/${tenant.slug}/rest/v1${path}`
      const response = await fetch(url, { ...init, headers, signal: waiting.signal })
      const text = await response.text()
      const status = response.status
      count(String(status))
      const away = status === 503 && response.headers.has('retry-after') && outages.explain(runtime, from)
      if (status >= 300 && !away) note(runtime, `${status} ${text.slice(0, 300)}`)
      return status
    } catch (error) {
      count('cut')
      if (!outages.explain(runtime, from)) note(runtime, `no answer: ${reasonOf(error)}`)
      return null
    } finally {
      waiting.end()
    }
  }

  function count(answer: string): void {
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }

  function note(runtime: number, what: string): void {
    unexpected.push(`runtime ${runtime}: ${what}`)
  }

  async function write(tenant: Tenant, lane: number): Promise<void> {
    for (let i = 0; !stopped; i++) {
      const mark = `${tenant.slug}-${lane}-${i}`
      if ((await ask(tenant, '/notes', { method: 'POST', body: JSON.stringify({ mark }) })) === 201)
        acknowledged.get(tenant.slug)?.add(mark)
      await delay(PAUSE_MS)
    }
  }

  async function read(tenant: Tenant): Promise<void> {
    while (!stopped) {
      await ask(tenant, '/notes?select=*&order=id.desc&limit=5', { method: 'GET' })
      await delay(PAUSE_MS)
    }
  }

  const running = tenants.flatMap((tenant) => [write(tenant, 0), write(tenant, 1), read(tenant), read(tenant)])
  return {
    acknowledged,
    answers,
    unexpected,
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}

/** Aborts after so long, or soon where nobody can answer; to be ended. */
function patience(isHopeless: () => boolean): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  const until = Date.now() + PATIENCE_MS
  const timer = setInterval(() => {
    if (isHopeless() || Date.now() > until) controller.abort(new Error('no answer in time'))
  }, STOPPED_MS)
  return { signal: controller.signal, end: () => clearInterval(timer) }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${String(error)}${cause}`
}
