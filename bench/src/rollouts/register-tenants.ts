/** Many tenants, one after the other as provisioning makes them, a few at a time. */
import type { Database } from '@backsaas/core'
import { createTenant } from '@backsaas/migrator'

export function slugOf(index: number): string {
  return `tenant-${index}`
}

export async function registerTenants(database: Database, count: number, schema: string): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const slug = slugOf(next++)
      await createTenant(database, { slug, name: slug, schemas: [schema] })
    }
  }
  await Promise.all([work(), work()])
}
