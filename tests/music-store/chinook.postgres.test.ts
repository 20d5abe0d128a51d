/** Chinook through the API on Postgres. */
import { chinookSuite } from './chinook-suite.ts'

chinookSuite('postgres')
