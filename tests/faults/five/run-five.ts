/** Five runtimes, one Postgres, one Redis: versions are published while clients read and write and things are killed. */
import { setTimeout as delay } from 'node:timers/promises'
import driver from 'postgres'
import { startClients, type Tally, type Tenant } from './clients.ts'
import { faultsOf } from './faults.ts'
import { createOutages } from './outages.ts'
import { publish } from './publish.ts'
import { createWorld, type World } from './world.ts'

export interface Size {
  readonly versions: number
  /** How long a runtime is stopped. */
  readonly frozenMs: number
  /** Between two faults: longer than answers are excused by the one before. */
  readonly calmMs: number
  readonly say: (line: string) => void
}

export interface Outcome extends Tally {
  readonly versions: number
  /** What went wrong on the way, in order. */
  readonly faults: readonly string[]
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** After the last publication, how long until each runtime served it. */
  readonly servedAfterMs: readonly number[]
  /** Processes that `runtimes` shows with the last version. */
  readonly shown: number
  /** Events that have no position, or were not sent, when all was quiet again. */
  readonly unsent: number
  /** Rows that no event tells, and the other way round. */
  readonly untold: number
}

const VERSIONS_PER_FAULT = 3
const STORE = 'backsaas_00000000000070008000000000000003'

/** @throws where a process ends by itself, or a version cannot be published at all. */
export async function runFive(size: Size): Promise<Outcome> {
  const world = await createWorld()
  try {
    size.say(`five runtimes serve at ${world.urls.join(', ')}`)
    return await play(world, size)
  } finally {
    await world.remove()
  }
}

async function play(world: World, { versions, frozenMs, calmMs, say }: Size): Promise<Outcome> {
  const outages = createOutages()
  const faults = faultsOf(world, outages, frozenMs)
  const clients = startClients(world.urls, [world.acme, world.globex], outages)
  // Each fault has its share of the versions, published while it lasts; the last version is for when all is in order again.
  const rounds = Math.max(1, Math.round(versions / (faults.length * VERSIONS_PER_FAULT)))
  const happening = Array.from({ length: rounds }, () => faults).flat()
  let version = 1
  for (const [n, fault] of happening.entries()) {
    const upTo = Math.round(1 + ((n + 1) * (versions - 2)) / happening.length)
    say(`versions ${version + 1} to ${upTo}: ${fault.name}`)
    const over = fault.run()
    while (version < upTo) await publish(world, ++version)
    await over
    await delay(calmMs)
  }
  await publish(world, versions)
  const servedAt = Date.now()
  const servedAfterMs = await Promise.all(world.urls.map((url) => untilServes(url, world.acme, versions, servedAt)))
  await clients.stop()
  say(`all serve version ${versions}`)
  return {
    ...(await examine(world, clients, versions)),
    versions,
    faults: happening.map(({ name }) => name),
    servedAfterMs,
    ...tally(clients),
  }
}

function tally({ acknowledged, answers, unexpected }: Tally): Tally {
  return { acknowledged, answers, unexpected }
}

/** Looks for the field that only the last version has. It is not asked for by its name, which would make a runtime look by itself. */
async function untilServes(url: string, tenant: Tenant, version: number, since: number): Promise<number> {
  for (const until = Date.now() + 30_000; ; ) {
    const request = fetch(`${url}/t/${tenant.slug}/rest/v1/notes?limit=1`, {
      headers: { apikey: tenant.key },
      signal: AbortSignal.timeout(10_000),
    })
    const text = await request.then(
      (response) => response.text(),
      (error: unknown) => String(error),
    )
    if (text.includes(`"f${version}":`)) return Date.now() - since
    if (Date.now() > until) throw new Error(`${url} never serves version ${version}: ${text.slice(0, 300)}`)
    await delay(25)
  }
}

type Examined = Pick<Outcome, 'lost' | 'shown' | 'unsent' | 'untold'>

/** What the database holds at the end. */
async function examine(world: World, { acknowledged }: Tally, versions: number): Promise<Examined> {
  const sql = driver(world.postgres.url, { max: 1 })
  try {
    const marks = new Set<string>()
    for (const schema of ['own', 'shared']) {
      const [row] = await sql`
        select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
        where p.schema_name = ${schema} order by v.version desc limit 1`
      const mapping = JSON.parse(String(row?.mapping))
      const { table, columns } = mapping.entities.notes
      for (const { mark } of await sql`select ${sql(columns.mark)} as mark from ${sql(mapping.schema)}.${sql(table)}`)
        marks.add(String(mark))
    }
    const events = sql`${sql(STORE)}.events`
    const told = new Set<string>()
    for (const {
      mark,
    } of await sql`select data->'record'->>'mark' as mark from ${events} where type = 'record.created'`)
      told.add(String(mark))
    return {
      lost: [...acknowledged.values()].flatMap((ones) => [...ones]).filter((mark) => !marks.has(mark)),
      shown: await until(
        async () =>
          (
            await sql`select count(*)::int as n from ${sql(STORE)}.runtimes
              where seen_at > now() - interval '10 s' and exists (
                select from jsonb_array_elements(serving->'versions') v
                where v->>'schema' = 'own' and (v->>'version')::int = ${versions})`
          )[0]?.n,
        world.urls.length,
      ),
      unsent: await until(
        async () =>
          (await sql`select count(*)::int as n from ${events} where position is null or sent_at is null`)[0]?.n,
        0,
      ),
      untold: [...marks].filter((mark) => !told.has(mark)).length + [...told].filter((mark) => !marks.has(mark)).length,
    }
  } finally {
    await sql.end()
  }
}

/** The figure once it is what it should become, or after a relay has had its time. */
async function until(read: () => Promise<number>, wanted: number): Promise<number> {
  for (const end = Date.now() + 45_000; ; ) {
    const figure = Number(await read())
    if (figure === wanted || Date.now() > end) return figure
    await delay(250)
  }
}
