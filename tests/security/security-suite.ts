/** What an attacker with a key of a tenant, or with none, tries over HTTP: numbered as in SECURITY.md. */
import type { Statement } from '@backsaas/core'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Fixture, type FixtureOptions, startFixture } from '../fixture/start-fixture.ts'
import { watchDatabase } from '../fixture/watch-database.ts'
import { caching } from './caching.ts'
import { disagreement } from './disagreement.ts'
import { excess } from './excess.ts'
import { forbiddenFields } from './forbidden-fields.ts'
import { foreignIds } from './foreign-ids.ts'
import { hostileNames } from './hostile-names.ts'
import type { Watched } from './watched.ts'

export function securitySuite(name: string, options: FixtureOptions): void {
  describe(`an attacker ${name}`, () => {
    const statements: Statement[] = []
    let fixture: Fixture
    beforeAll(async () => {
      const wrap: FixtureOptions['wrap'] = (database) =>
        watchDatabase(database, (batch) => {
          statements.push(...batch)
          return batch
        })
      fixture = await startFixture({ ...options, wrap })
    })
    afterAll(() => fixture?.close())
    const lend: Watched = () => ({ ...fixture, statements })
    describe('3: names ids of another tenant', () => foreignIds(lend))
    describe('5: writes fields that are not theirs', () => forbiddenFields(lend))
    describe('6: names several tenants', () => disagreement(lend))
    describe('7, 9: sends hostile names and shapes', () => hostileNames(lend))
    describe('18, 27: asks for too much', () => excess(lend))
    describe('21: asks a cache', () => caching(lend))
  })
}
