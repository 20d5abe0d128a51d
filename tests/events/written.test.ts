import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { versions } from './versions.ts'
import { writtenSuite } from './written-suite.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'pglite', schemas: versions(), runtime: { plugins: [policies()] } })
})
afterAll(() => fixture?.close())

describe('events of writes on PGlite', () => writtenSuite(() => fixture))
