/** Chinook through the API on PGlite. */
import { chinookSuite } from './chinook-suite.ts'

chinookSuite('pglite')
