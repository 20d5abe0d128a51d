/** The HTTP suite on a real Postgres. */
import { startFixture } from '../fixture/start-fixture.ts'
import { httpSuite } from './suite.ts'

httpSuite('on Postgres', () => startFixture({ database: 'postgres' }))
