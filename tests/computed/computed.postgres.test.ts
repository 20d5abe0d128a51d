/** The suite on a real Postgres. */
import { computedSuite } from './suite.ts'

computedSuite('on Postgres', { database: 'postgres' })
