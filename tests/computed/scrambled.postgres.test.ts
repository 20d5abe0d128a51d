/** The suite where no table and no column is called what its entity and field are. */
import { computedSuite } from './suite.ts'

computedSuite('on a scrambled mapping', { database: 'postgres', naming: 'scrambled' })
