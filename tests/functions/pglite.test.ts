/** The suite on the embedded database. */
import { functionsSuite } from './suite.ts'

functionsSuite('on PGlite', { database: 'pglite' })
