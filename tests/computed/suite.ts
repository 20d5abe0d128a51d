/** Computed fields, expression defaults and checks over HTTP, whatever the database and whatever its tables are called. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Lend } from '../fixture/lend.ts'
import { type Fixture, type FixtureOptions, startFixture } from '../fixture/start-fixture.ts'
import { checking } from './checking.ts'
import { reading } from './reading.ts'
import { telling } from './telling.ts'
import { writing } from './writing.ts'

const SCHEMA = new URL('schema.yaml', import.meta.url)

/** @example computedSuite('on PGlite', { database: 'pglite' }) */
export function computedSuite(name: string, options: FixtureOptions): void {
  describe(`computed fields ${name}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      fixture = await startFixture({ ...options, schemas: [await readFile(SCHEMA, 'utf8')] })
    })
    afterAll(() => fixture?.close())
    const lend: Lend = () => fixture
    describe('reading', () => reading(lend))
    describe('writing', () => writing(lend))
    describe('checking', () => checking(lend))
    describe('telling', () => telling(lend))
  })
}
