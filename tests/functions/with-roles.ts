/** A caller with roles of its own, in a tenant of its own unless one is named. */
import { createKey } from '@backsaas/migrator'
import { type Caller, createCaller } from '../fixture/caller.ts'
import type { Fixture } from '../fixture/start-fixture.ts'

export async function withRoles(fixture: Fixture, roles: readonly string[], slug?: string): Promise<Caller> {
  const tenant = slug === undefined ? await fixture.newTenant() : { slug, id: '' }
  const { key } = await createKey(fixture.database, { tenant: tenant.slug, name: `tests ${roles.join()}`, roles })
  return createCaller({ slug: tenant.slug, id: tenant.id, key, send: fixture.fetch })
}
