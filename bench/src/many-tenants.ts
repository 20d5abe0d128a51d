/** g: 10,000 tenants of 500 schemas beside one of them: how long, how much memory each, and how cold a new one is. */
import { type Contestant, startContestant } from './contestant.ts'
import { type LoadOptions, load, type Measured, quantile } from './load.ts'
import type { ManyData, ManyTenant } from './many-data.ts'
import type { Options } from './options.ts'
import { round } from './report.ts'
import type { Call } from './scenarios.ts'

export interface ManyTenants {
  readonly tenants: number
  readonly schemas: number
  /** Reads by id, all of one tenant and spread over all tenants: as fast as can be, then at a rate that both can take. */
  readonly speeds: readonly Speed[]
  /** Heap of a schema with its first tenant, and of a tenant whose schema is known already. */
  readonly bytesPerSchema: number
  readonly bytesPerTenant: number
  /** Medians: the first request of a tenant whose schema is known, and its second. */
  readonly coldMs: number
  readonly warmMs: number
  readonly rssMb: number
}

export interface Speed {
  /** Requests a second that were sent; null for as many as could be. */
  readonly rate: number | null
  readonly oneRps: number
  readonly manyRps: number
  readonly oneP50Ms: number
  readonly manyP50Ms: number
  readonly p50Ratio: number
}

const COLD_SAMPLES = 200

/** @throws where an answer is not 200. */
export async function measureManyTenants(driver: string, data: ManyData, options: Options): Promise<ManyTenants> {
  const { url, schemas, tenants } = data
  const contestant = await startContestant({ kind: 'backsaas', driver, url, pool: options.pool, collects: true })
  try {
    const known = tenants.slice(0, schemas)
    const empty = await contestant.heapBytes()
    for (const tenant of known) await ask(contestant, tenant)
    const before = await contestant.heapBytes()
    const cold: number[] = []
    const warm: number[] = []
    for (const [i, tenant] of tenants.slice(schemas).entries()) {
      const first = await ask(contestant, tenant)
      if (i >= COLD_SAMPLES) continue
      cold.push(first)
      warm.push(await ask(contestant, tenant))
    }
    const bytes = (await contestant.heapBytes()) - before
    const speeds = await compareSpeeds(contestant, data, options)
    return {
      tenants: tenants.length,
      schemas,
      speeds,
      bytesPerSchema: Math.round((before - empty) / schemas),
      bytesPerTenant: Math.round(bytes / (tenants.length - schemas)),
      coldMs: round(quantile(cold, 0.5)),
      warmMs: round(quantile(warm, 0.5)),
      rssMb: await contestant.rssMb(),
    }
  } finally {
    await contestant.stop()
  }
}

/** One tenant and all of them in turns, once every connection has prepared the statements of every schema. */
async function compareSpeeds(contestant: Contestant, data: ManyData, options: Options): Promise<readonly Speed[]> {
  const { tenants, schemas } = data
  const { connections, rounds, pool } = options
  const run = (asked: readonly ManyTenant[], seconds: number, limits: Partial<LoadOptions>): Promise<Measured> => {
    const call = (n: number) => requestOf(contestant, asked[n % asked.length] as ManyTenant) // there is one at least
    return load(contestant.server, { connections, seconds, call, ...limits })
  }
  await run(tenants, WARM_UP_SECONDS, { amount: USES_BEFORE_PLANNED * schemas * Number(pool) })
  const speeds: Speed[] = []
  for (const part of [null, 0.5]) {
    const slower = Math.min(...speeds.flatMap(({ oneRps, manyRps }) => [oneRps, manyRps]))
    const rate = part === null ? null : Math.round(slower * part)
    const [one, many]: [Measured[], Measured[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const limits = rate === null ? {} : { rate }
      one.push(await run(tenants.slice(0, 1), options.seconds / rounds, limits))
      many.push(await run(tenants, options.seconds / rounds, limits))
    }
    const [oneP50, manyP50] = [p50(one), p50(many)]
    speeds.push({
      rate,
      oneRps: rateOf(one),
      manyRps: rateOf(many),
      oneP50Ms: round(oneP50),
      manyP50Ms: round(manyP50),
      p50Ratio: round(manyP50 / oneP50),
    })
  }
  return speeds
}

/** Postgres plans a prepared statement anew for its first five uses on a connection. */
const USES_BEFORE_PLANNED = 6
const WARM_UP_SECONDS = 60

function p50(turns: readonly Measured[]): number {
  const all = turns.flatMap((turn) => turn.latencies)
  return quantile(all, 0.5)
}

function rateOf(turns: readonly Measured[]): number {
  const answers = turns.reduce((sum, turn) => sum + turn.latencies.length, 0)
  return Math.round(answers / turns.reduce((sum, turn) => sum + turn.seconds, 0))
}

function requestOf(
  { server }: Contestant,
  { slug, key, contact }: ManyTenant,
): Call & { url: string; headers: Record<string, string> } {
  return {
    method: 'GET',
    path: `/contacts?id=eq.${contact}`,
    url: `${server}/t/${slug}/rest/v1`,
    headers: { apikey: key },
  }
}

/** How long one request took, in milliseconds. */
async function ask(contestant: Contestant, tenant: ManyTenant): Promise<number> {
  const { url, path, headers } = requestOf(contestant, tenant)
  const startedAt = performance.now()
  const response = await fetch(url + path, { headers })
  const text = await response.text()
  if (response.status !== 200 || text === '[]')
    throw new Error(`${tenant.slug} was answered ${response.status} ${text}`)
  return performance.now() - startedAt
}
