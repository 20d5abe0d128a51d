/** Deep nesting on a real Postgres. */
import { nestingSuite } from './nesting.ts'

nestingSuite('on Postgres', { database: 'postgres' })
