/** The security suite on a real Postgres. */
import { securitySuite } from './security-suite.ts'

securitySuite('on Postgres', { database: 'postgres' })
