/** The HTTP suite: what the data API answers, whatever the database and whatever its tables are called. */

import { afterAll, beforeAll, describe } from 'vitest'
import type { Lend } from '../fixture/lend.ts'
import type { Fixture } from '../fixture/start-fixture.ts'
import { corners } from './corners.ts'
import { embedding } from './embedding.ts'
import { filtering } from './filtering.ts'
import { items } from './items.ts'
import { preconditions } from './preconditions.ts'
import { reading } from './reading.ts'
import { refusals } from './refusals.ts'
import { values } from './values.ts'
import { violations } from './violations.ts'
import { writing } from './writing.ts'

/** @example httpSuite('on PGlite', () => startFixture({ database: 'pglite' })) */
export function httpSuite(name: string, open: () => Promise<Fixture>): void {
  describe(`the data API ${name}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      fixture = await open()
    })
    afterAll(() => fixture?.close())
    const lend: Lend = () => fixture
    describe('reading', () => reading(lend))
    describe('filtering', () => filtering(lend))
    describe('embedding', () => embedding(lend))
    describe('writing', () => writing(lend))
    describe('items', () => items(lend))
    describe('preconditions', () => preconditions(lend))
    describe('corners', () => corners(lend))
    describe('values', () => values(lend))
    describe('refusals', () => refusals(lend))
    describe('violations', () => violations(lend))
  })
}
