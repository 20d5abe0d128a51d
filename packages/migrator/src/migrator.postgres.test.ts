/** Every suite on a real Postgres; tables once more under names that nobody would guess. */
import { bootstrapSuite } from '../test/bootstrap-suite.ts'
import { computedSuite } from '../test/computed-suite.ts'
import { fenceSuite } from '../test/fence-suite.ts'
import { migrateSuite } from '../test/migrate-suite.ts'
import { openPostgres } from '../test/open-databases.ts'
import { registrySuite } from '../test/registry-suite.ts'
import { scrambled } from '../test/schemas.ts'

bootstrapSuite('Postgres', openPostgres)
computedSuite('Postgres', openPostgres)
computedSuite('Postgres, scrambled', openPostgres, scrambled)
fenceSuite('Postgres', openPostgres)
migrateSuite('Postgres', openPostgres)
migrateSuite('Postgres, scrambled', openPostgres, scrambled)
registrySuite('Postgres', openPostgres)
