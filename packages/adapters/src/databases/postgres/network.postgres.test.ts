import { networkSuite } from '../../../test/network-suite.ts'
import { postgres } from './postgres.ts'

networkSuite('postgres', postgres)
