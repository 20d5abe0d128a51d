/** The HTTP suite on the embedded database. */
import { startFixture } from '../fixture/start-fixture.ts'
import { httpSuite } from './suite.ts'

httpSuite('on PGlite', () => startFixture({ database: 'pglite' }))
