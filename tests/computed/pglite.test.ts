/** The suite on the embedded database. */
import { computedSuite } from './suite.ts'

computedSuite('on PGlite', { database: 'pglite' })
