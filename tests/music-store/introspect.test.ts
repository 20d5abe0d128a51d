/** Reading a schema back on PGlite. */
import { introspectSuite } from './introspect-suite.ts'

introspectSuite('pglite')
