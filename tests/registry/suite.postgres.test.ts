import { startRegistry } from './start-registry.ts'
import { registrySuite } from './suite.ts'

registrySuite('Postgres', () => startRegistry({ database: 'postgres' }))
registrySuite('Postgres, under names that nobody would guess', () =>
  startRegistry({ database: 'postgres', naming: 'scrambled' }),
)
