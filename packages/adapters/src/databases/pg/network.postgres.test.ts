import { networkSuite } from '../../../test/network-suite.ts'
import { pg } from './pg.ts'

networkSuite('pg', pg)
