/** A tenant's app: adds a contact and reads it back, all the time, as the version that it was made for has it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Runtime } from '@backsaas/runtime'

export interface Client {
  /** The release of the app that is out: made for version 1, or for version 2 and those that are compatible with it. */
  release: 1 | 2
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>
  /** Contacts that were acknowledged and read back as something else. */
  readonly lost: readonly string[]
  stop(): Promise<void>
}

const PAUSE_MS = 5

type Row = Readonly<Record<string, unknown>>

/** @param key an API key of the tenant. */
export function startClient(runtime: Runtime, key: string): Client {
  const statuses = new Map<number, number>()
  const lost: string[] = []
  let stopped = false

  /** The app for version 1 says so, and is served by it wherever its tenant is. */
  async function ask(release: 1 | 2, path: string, body?: Row): Promise<Row | null> {
    const headers = { apikey: key, prefer: 'return=representation', 'content-type': 'application/json' }
    const init = {
      method: body ? 'POST' : 'GET',
      headers: release === 1 ? { ...headers, 'schema-version': '1' } : headers,
      ...(body && { body: JSON.stringify(body) }),
    }
    const response = await runtime.fetch(new Request(`http://localhost/rest/v1/${path}`, init))
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    const rows = (await response.json()) as readonly Row[] // as the API answers; a refusal is none
    return response.ok ? (rows[0] ?? null) : null
  }

  async function work(): Promise<void> {
    for (let n = 0; !stopped; n++) {
      const { release } = client
      const body = release === 1 ? { name: `Ann N${n}`, value: n } : { first: 'Ann', last: `N${n}`, value: n / 100 }
      const created = await ask(release, 'contacts', body)
      const read = created && (await ask(release, `contacts?id=eq.${created.id}`))
      if (created && JSON.stringify(pick(read, body)) !== JSON.stringify(body)) lost.push(JSON.stringify([body, read]))
      await delay(PAUSE_MS)
    }
  }

  const client: Client = {
    release: 1,
    statuses,
    lost,
    async stop() {
      stopped = true
      await working
    },
  }
  const working = work()
  return client
}

function pick(row: Row | null, like: Row): Row {
  return Object.fromEntries(Object.keys(like).map((field) => [field, row?.[field]]))
}
