/** The security suite on the embedded database. */
import { securitySuite } from './security-suite.ts'

securitySuite('on PGlite', { database: 'pglite' })
