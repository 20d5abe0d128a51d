import { startRegistry } from './start-registry.ts'
import { registrySuite } from './suite.ts'

registrySuite('PGlite', () => startRegistry({ database: 'pglite' }))
