/** Explanations on a real Postgres, whose tables and columns are all called otherwise. */
import { explainSuite } from './suite.ts'

explainSuite('postgres', 'scrambled')
