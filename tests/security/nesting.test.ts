/** Deep nesting on the embedded database, whose stack is the smallest. */
import { nestingSuite } from './nesting.ts'

nestingSuite('on PGlite', { database: 'pglite' })
