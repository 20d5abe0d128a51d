/** The dialect on the embedded database. */
import { dialectSuite } from './suite.ts'

dialectSuite('pglite')
