/** The dialect, feature by feature; docs/dialect.md links to these tests by name. */
import { afterAll, beforeAll, describe } from 'vitest'
import type { Fixture } from '../fixture/start-fixture.ts'
import { aggregates } from './aggregates.ts'
import { ambiguity } from './ambiguity.ts'
import { embedding } from './embedding.ts'
import { errors } from './errors.ts'
import { filters } from './filters.ts'
import { type Lend, startGallery } from './gallery.ts'
import { pages } from './pages.ts'
import { preferences } from './preferences.ts'
import { representation } from './representation.ts'
import { selecting } from './selecting.ts'
import { spreading } from './spreading.ts'
import { upserting } from './upserting.ts'
import { writing } from './writing.ts'

export function dialectSuite(database: 'pglite' | 'postgres'): void {
  describe(`the dialect on ${database}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      fixture = await startGallery(database)
    })
    afterAll(() => fixture?.close())
    const lend: Lend = () => fixture
    describe('filters', () => filters(lend))
    describe('selecting', () => selecting(lend))
    describe('pages', () => pages(lend))
    describe('embedding', () => embedding(lend))
    describe('ambiguity', () => ambiguity(lend))
    describe('spreading', () => spreading(lend))
    describe('aggregates', () => aggregates(lend))
    describe('writing', () => writing(lend))
    describe('upserting', () => upserting(lend))
    describe('preferences', () => preferences(lend))
    describe('representation', () => representation(lend))
    describe('errors', () => errors(lend))
  })
}
