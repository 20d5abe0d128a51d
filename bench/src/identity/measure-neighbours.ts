/** What a tenant that asks for ten times its share does to the others, who go on as before. */
import { pg } from '@backsaas/adapters/databases/pg'
import { createKey, createTenant } from '@backsaas/migrator'
import type { Contestant } from '../contestant.ts'
import { load, quantile } from '../load.ts'
import { median } from '../report.ts'

export interface Neighbours {
  /** What the noisy one asks, requests a second; null: as many as it can over 256 connections. */
  readonly noisyRate: number | null
  /** Of what it was answered, in the last turn. */
  readonly noisyAnswered: number
  readonly othersRate: number
  readonly p50Ms: number
  readonly p95Ms: number
  /** Of p95 to that while the noisy one asks for its share: the median of the rounds. */
  readonly ratio: number
}

const OTHERS = 9
const PATH = '/contacts?select=id,email&order=id&limit=20'

interface Tenant {
  readonly path: string
  readonly key: string
}

/** Tenants `neighbour-0` (the noisy one) to `neighbour-9`, each with a key of its own. */
export async function createNeighbours(url: string): Promise<readonly Tenant[]> {
  const database = pg(url)
  const tenants: Tenant[] = []
  for (let i = 0; i <= OTHERS; i++) {
    const slug = `neighbour-${i}`
    await createTenant(database, { slug, schemas: ['bench'] }).catch((error: { code?: string }) => {
      if (error.code !== 'TENANT_EXISTS') throw error
    })
    const { key } = await createKey(database, { tenant: slug, name: `bench ${Date.now()}` })
    tenants.push({ path: `/t/${slug}/rest/v1`, key })
  }
  await database.close?.()
  return tenants
}

/** @param share of each tenant, requests a second: a tenth of half of what the server can. */
export async function measureNeighbours(
  { server }: Contestant,
  tenants: readonly Tenant[],
  share: number,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<readonly Neighbours[]> {
  const ask = (who: readonly Tenant[], rate: number | undefined, connections: number) =>
    load(server, {
      connections,
      seconds: seconds / rounds,
      ...(rate === undefined ? {} : { rate }),
      call: (n) => {
        const { path = '', key = '' } = who[n % who.length] ?? {}
        return { method: 'GET', path: PATH, url: server + path, headers: { apikey: key } }
      },
    })
  const cases = [share, 10 * share, undefined].map((rate) => ({
    rate,
    p50: [] as number[],
    p95: [] as number[],
    answered: 0,
  }))
  const [noisy, ...others] = tenants
  if (!noisy) throw new Error('no tenants')
  await ask(tenants, 10 * share, 32)
  for (let round = 0; round < rounds; round++)
    for (const one of cases) {
      const loud = ask([noisy], one.rate, one.rate === share ? 8 : 256)
      const quiet = await ask(others, OTHERS * share, 32)
      const answered = await loud
      if (quiet.failures > 0) throw new Error(`${quiet.failures} requests of others failed`)
      one.answered = Math.round(answered.latencies.length / answered.seconds)
      one.p50.push(quantile(quiet.latencies, 0.5))
      one.p95.push(quantile(quiet.latencies, 0.95))
    }
  const usual = cases[0]?.p95 ?? []
  return cases.map(({ rate, p50, p95, answered }) => ({
    noisyRate: rate ?? null,
    noisyAnswered: answered,
    othersRate: OTHERS * share,
    p50Ms: Number(median(p50).toFixed(2)),
    p95Ms: Number(median(p95).toFixed(2)),
    ratio: Number(median(p95.map((value, round) => value / (usual[round] ?? Number.NaN))).toFixed(2)),
  }))
}
