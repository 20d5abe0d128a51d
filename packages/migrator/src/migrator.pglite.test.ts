/** Every suite on PGlite. */
import { bootstrapSuite } from '../test/bootstrap-suite.ts'
import { computedSuite } from '../test/computed-suite.ts'
import { fenceSuite } from '../test/fence-suite.ts'
import { migrateSuite } from '../test/migrate-suite.ts'
import { openPglite } from '../test/open-databases.ts'
import { registrySuite } from '../test/registry-suite.ts'

bootstrapSuite('PGlite', openPglite)
computedSuite('PGlite', openPglite)
fenceSuite('PGlite', openPglite)
migrateSuite('PGlite', openPglite)
registrySuite('PGlite', openPglite)
