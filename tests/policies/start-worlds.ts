/** Worlds in the product: their rules published, their tenants made and filled. */
import type { Plugin } from '@backsaas/core'
import { createRandom } from './random.ts'
import { randomPolicies, randomRuleSet } from './random-rules.ts'
import { randomTables } from './random-steps.ts'
import { type RuleSet, schemaDocument } from './rules.ts'
import { type ServedTenant, serve } from './serve.ts'
import { readTables, storeNames, writePolicies, writeTables } from './store.ts'
import type { Tables } from './world.ts'

export interface World {
  readonly name: string
  /** The rules of the schema. */
  readonly set: RuleSet
  readonly tenants: readonly WorldTenant[]
}

export interface WorldTenant extends ServedTenant {
  /** The rules of the schema, and those that the tenant has added. */
  readonly set: RuleSet
  /** What it begins with. */
  readonly tables: Tables
  /** All of its rows as the database has them. */
  stored(): Promise<Tables>
}

export interface Worlds {
  /** Makes the world of this name: the same one each time. */
  create(name: string, tenants: number): Promise<World>
  close(): Promise<void>
}

/** @param plugin what decides; the product's own unless given. */
export async function startWorlds(seed: string, plugin?: Plugin): Promise<Worlds> {
  const served = await serve(plugin)
  return {
    async create(name, count) {
      const random = createRandom(`${seed}/${name}`)
      const slugs = Array.from({ length: count }, (_, index) => `${name.replaceAll('_', '-')}-${index}`)
      const set = randomRuleSet(random, slugs)
      const tables = slugs.map(() => randomTables(random))
      const policies = slugs.map(() => randomPolicies(random, set, slugs))
      await served.publish(schemaDocument(name, set))
      const names = await storeNames(served.fixture, name)
      const tenants = slugs.map(async (slug, index): Promise<WorldTenant> => {
        const own = policies[index] ?? []
        const tenant = await served.createTenant(slug, name)
        const rows = tables[index] as Tables // as many as slugs
        await writeTables(served.fixture, names, tenant.id, rows)
        await writePolicies(served.fixture, name, tenant.id, own)
        const stored = (): Promise<Tables> => readTables(served.fixture, names, tenant.id)
        return { ...tenant, set: { ...set, rules: [...set.rules, ...own] }, tables: rows, stored }
      })
      return { name, set, tenants: await Promise.all(tenants) }
    },
    close: () => served.close(),
  }
}
