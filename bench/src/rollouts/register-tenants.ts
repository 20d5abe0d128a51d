/** Many tenants, one after the other as provisioning makes them, a few at a time. */
import { createTenant, type Fleet } from '@backsaas/migrator'
import { type BenchStore, storeOf } from './open-fleet.ts'

export function slugOf(index: number): string {
  return `tenant-${index}`
}

export async function registerTenants(
  fleet: Fleet,
  count: number,
  schema: string,
  stores: readonly BenchStore[],
): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const slug = slugOf(index)
      const { name: store } = storeOf(stores, index)
      await createTenant(fleet, { slug, name: slug, schemas: [schema], ...(store !== 'default' && { store }) })
    }
  }
  await Promise.all([work(), work()])
}
