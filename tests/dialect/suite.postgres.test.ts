/** The dialect on a real Postgres. */
import { dialectSuite } from './suite.ts'

dialectSuite('postgres')
