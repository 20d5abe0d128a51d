/** The suite on a real Postgres, and where no table or column has the name that it has in the schema. */
import { functionsSuite } from './suite.ts'

functionsSuite('on Postgres', { database: 'postgres' })
functionsSuite('on renamed tables', { database: 'postgres', naming: 'scrambled' })
