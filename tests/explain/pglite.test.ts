/** Explanations on the embedded database. */
import { explainSuite } from './suite.ts'

explainSuite('pglite', 'default')
