/** Functions over HTTP, whatever the database and whatever its tables are called. */
import { readFile } from 'node:fs/promises'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Lend } from '../fixture/lend.ts'
import { type Fixture, type FixtureOptions, startFixture } from '../fixture/start-fixture.ts'
import { calling } from './calling.ts'
import { hooks } from './hooks.ts'
import { OWN_FUNCTIONS } from './own-functions.ts'

const SCHEMA = new URL('shop.yaml', import.meta.url)

/** @example functionsSuite('on PGlite', { database: 'pglite' }) */
export function functionsSuite(name: string, options: FixtureOptions): void {
  describe(`functions ${name}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      const schemas = [await readFile(SCHEMA, 'utf8')]
      const runtime = { plugins: [policies()] }
      fixture = await startFixture({ ...options, schemas, runtime, functions: OWN_FUNCTIONS })
    })
    afterAll(() => fixture?.close())
    const lend: Lend = () => fixture
    describe('hooks', () => hooks(lend))
    describe('calling', () => calling(lend))
  })
}
