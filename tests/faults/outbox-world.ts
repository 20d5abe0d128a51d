/** Tenants that write, an outbox that tells, and a follower that has to end up knowing all of it. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Bus, Database, Event } from '@backsaas/core'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import driver from 'postgres'
import { expect } from 'vitest'

const SCHEMA = `
schema: log
entities:
  notes:
    fields: { title: { type: string, required: true } }
    events: [created]
`
const EVENTS = 'backsaas_00000000000070008000000000000003.events'

export interface OutboxWorld {
  readonly database: Database
  readonly runtime: Runtime
  /** Marks of acknowledged writes, and the answers that were none. */
  readonly acknowledged: Set<string>
  readonly refused: { readonly status: number; readonly retryAfter: string | null }[]
  /** Writes until `stop`, in one lane for each tenant. */
  write(pauseMs?: number): { stop(): Promise<void> }
  /** Committed events of the tenants, by position; those without one last. */
  readEvents(): Promise<readonly StoredEvent[]>
  /** The runtime and the database. */
  close(): Promise<void>
}

export interface StoredEvent {
  readonly id: string
  readonly tenant: string
  readonly position: number | null
  readonly sent: boolean
  /** The mark of the note that it tells. */
  readonly mark: string
}

/** @param url of an empty database. */
export async function createWorld(url: string): Promise<OutboxWorld> {
  const database = postgres(url)
  await migrate(database, SCHEMA)
  const keys: string[] = []
  for (const slug of ['acme', 'globex']) {
    await createTenant(database, { slug, schemas: ['log'] })
    keys.push((await createKey(database, { tenant: slug, name: 'writer' })).key)
  }
  const runtime = createRuntime({ database: postgres(url), observe: () => {} })
  await runtime.ready()
  const acknowledged = new Set<string>()
  const refused: { status: number; retryAfter: string | null }[] = []

  async function writeOne(key: string, mark: string): Promise<void> {
    const headers = { apikey: key, 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify({ title: mark }) }
    const response = await runtime.fetch(new Request('http://localhost/rest/v1/notes', request))
    if (response.status === 201) acknowledged.add(mark)
    else refused.push({ status: response.status, retryAfter: response.headers.get('retry-after') })
  }

  let run = 0
  return {
    database,
    runtime,
    acknowledged,
    refused,
    write(pauseMs = 20) {
      run++
      let stopped = false
      const lanes = keys.map(async (key, lane) => {
        for (let index = 0; !stopped; index++) {
          await writeOne(key, `${lane} ${run} ${index}`)
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
        }
      })
      return {
        async stop() {
          stopped = true
          await Promise.all(lanes)
        },
      }
    },
    readEvents: () => readEvents(url),
    async close() {
      await runtime.close()
      await database.close?.()
    },
  }
}

async function readEvents(url: string): Promise<StoredEvent[]> {
  const sql = driver(url, { max: 1, onnotice: () => {} })
  try {
    const rows = await sql.unsafe(
      `select id::text, tenant_id::text as tenant, position::float8, sent_at is not null as sent, data::text as mark
       from ${EVENTS} where type = 'record.created' order by position nulls last`,
    )
    return rows.map(({ id, tenant, position, sent, mark }) => ({
      id,
      tenant,
      position,
      sent,
      mark: /\d \d+ \d+/.exec(mark)?.[0] ?? '',
    }))
  } finally {
    await sql.end()
  }
}

export interface Follower {
  /** Ids that it knows, by an event or by looking it up. */
  readonly known: Set<string>
  /** As they were given, once each: the first time. */
  readonly heard: Event[]
  readonly gaps: () => number
}

/** Does what a runtime does: learns from events, and looks everything up anew where it may have missed some. */
export async function follow(bus: Bus, world: OutboxWorld): Promise<Follower> {
  const known = new Set<string>()
  const heard: Event[] = []
  let gaps = 0
  let looking = Promise.resolve()
  const lookUp = async (): Promise<void> => {
    // Its own database may be away at that moment: it has to try until it is back.
    for (let done = false; !done; ) {
      try {
        for (const { id } of await world.readEvents()) known.add(id)
        done = true
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }
  await bus.subscribe?.(
    (event) => {
      if (event.type !== 'record.created') return
      if (!heard.some(({ id }) => id === event.id)) heard.push(event)
      known.add(event.id)
    },
    {
      onGap() {
        gaps++
        looking = looking.then(lookUp)
      },
    },
  )
  return { known, heard, gaps: () => gaps }
}

/** Fails where a committed event is lost, or positions have holes or contradict the order of a tenant's writes. */
export async function checkOutbox(world: OutboxWorld): Promise<readonly StoredEvent[]> {
  await expect
    .poll(async () => (await world.readEvents()).filter(({ sent }) => !sent).length, { timeout: 60_000, interval: 200 })
    .toBe(0)
  const events = await world.readEvents()
  const marks = new Set(events.map(({ mark }) => mark))
  expect([...world.acknowledged].filter((mark) => !marks.has(mark))).toEqual([])
  expect(marks.size).toBe(events.length)
  const positions = events.map(({ position }) => Number(position))
  expect(positions).toEqual(positions.map((_, index) => (positions[0] ?? 0) + index))
  for (const tenant of new Set(events.map((event) => event.tenant))) {
    const own = events.filter((event) => event.tenant === tenant).map(({ mark }) => mark.split(' ').map(Number))
    const written = own.toSorted((a, b) => (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0))
    // One lane writes for a tenant, each write after the one before was acknowledged.
    expect(own).toEqual(written)
  }
  return events
}

/** Fails where the follower does not come to know all, or heard a tenant's events in another order than they happened. */
export async function checkFollower(follower: Follower, events: readonly StoredEvent[]): Promise<void> {
  await expect
    .poll(() => events.filter(({ id }) => !follower.known.has(id)).length, { timeout: 20_000, interval: 100 })
    .toBe(0)
  const positions = new Map(events.map(({ id, position }) => [id, Number(position)]))
  const heard = follower.heard.map(({ id }) => positions.get(id) ?? Number.NaN)
  expect(heard).toEqual(heard.toSorted((a, b) => a - b))
}
