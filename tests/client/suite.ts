/** Every public method of `@supabase/postgrest-js` against a tenant. */
import { afterAll, beforeAll, describe } from 'vitest'
import { startGallery } from '../dialect/gallery.ts'
import type { Fixture } from '../fixture/start-fixture.ts'
import { answers } from './answers.ts'
import { everyMethod } from './every-method.ts'
import { filters } from './filters.ts'
import { queries } from './queries.ts'
import { transforms } from './transforms.ts'
import type { Lend } from './typed-client.ts'

export function clientSuite(database: 'pglite' | 'postgres'): void {
  describe(`postgrest-js on ${database}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      fixture = await startGallery(database)
    })
    afterAll(() => fixture?.close())
    const lend: Lend = () => fixture
    describe('queries', () => queries(lend))
    describe('filters', () => filters(lend))
    describe('transforms', () => transforms(lend))
    describe('answers', () => answers(lend))
    describe('every method', everyMethod)
  })
}
